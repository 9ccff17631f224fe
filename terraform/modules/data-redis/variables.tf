variable "project_id" {
  description = "The project."
  type        = string
}

variable "name" {
  description = "Name of the instance."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", var.name))
    error_message = "name has 4 to 63 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "Its region."
  type        = string
}

variable "network" {
  description = "Id of the network that reaches it."
  type        = string
}

variable "endpoint_subnetwork" {
  description = "Id of the region's subnetwork for private endpoints."
  type        = string
}

variable "node_type" {
  description = "Size of a node."
  type        = string
  validation {
    condition     = contains(["SHARED_CORE_NANO", "STANDARD_SMALL", "HIGHMEM_MEDIUM", "HIGHMEM_XLARGE"], var.node_type)
    error_message = "node_type is SHARED_CORE_NANO, STANDARD_SMALL, HIGHMEM_MEDIUM or HIGHMEM_XLARGE."
  }
}

variable "replicas" {
  description = "Copies beside the primary, in other zones."
  type        = number
  validation {
    condition     = var.replicas >= 0 && var.replicas <= 2
    error_message = "replicas is 0 to 2."
  }
}

variable "authorization_mode" {
  description = "IAM_AUTH: whoever connects shows an access token of an account that has roles/memorystore.dbConnectionUser. AUTH_DISABLED: the private endpoint and the network policies alone decide who connects. Neither becomes the other without a new instance."
  type        = string
  default     = "IAM_AUTH"
  validation {
    condition     = contains(["AUTH_DISABLED", "IAM_AUTH"], var.authorization_mode)
    error_message = "authorization_mode is AUTH_DISABLED or IAM_AUTH; Memorystore for Valkey has no password."
  }
}

variable "protected" {
  description = "Terraform may not delete the instance."
  type        = bool
}

variable "kms_key" {
  description = "Key that encrypts it; null: Google's."
  type        = string
  default     = null
}

variable "labels" {
  description = "Labels of all that is made."
  type        = map(string)
  default     = {}
}
