variable "project_id" {
  description = "The project's id."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "create" {
  description = "Make the project here; otherwise it is there already."
  type        = bool
  default     = false
}

variable "protected" {
  description = "Terraform may not delete the project."
  type        = bool
}

variable "billing_account" {
  description = "The billing account that pays, as XXXXXX-XXXXXX-XXXXXX."
  type        = string
  validation {
    condition     = can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "billing_account is written XXXXXX-XXXXXX-XXXXXX: gcloud billing accounts list."
  }
}

variable "organization" {
  description = "Number of the organization that a new project belongs to."
  type        = string
  default     = null
}

variable "folder" {
  description = "Number of the folder that a new project belongs to; goes before the organization."
  type        = string
  default     = null
}

variable "services" {
  description = "APIs that are enabled."
  type        = set(string)
}

variable "labels" {
  description = "Labels of all that is made."
  type        = map(string)
  default     = {}
}
