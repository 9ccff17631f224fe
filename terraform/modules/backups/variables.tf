variable "project_id" {
  description = "The project."
  type        = string
}

variable "name" {
  description = "Beginning of the names of what is made, at most 20 characters: an account's name has 30."
  type        = string
  validation {
    condition     = length(var.name) <= 20
    error_message = "name has at most 20 characters."
  }
}

variable "bucket_name" {
  description = "The bucket's name, the world's only one."
  type        = string
}

variable "location" {
  description = "Continent of the two regions."
  type        = string
  validation {
    condition     = contains(["EU", "US", "ASIA"], var.location)
    error_message = "location is EU, US or ASIA."
  }
}

variable "data_locations" {
  description = "The two regions, in capitals, both on that continent."
  type        = set(string)
  validation {
    condition     = length(var.data_locations) == 2 && alltrue([for each in var.data_locations : upper(each) == each])
    error_message = "data_locations are two regions in capitals, like EUROPE-WEST1 and EUROPE-WEST4."
  }
}

variable "turbo" {
  description = "Both regions have a copy within 15 minutes; costs more."
  type        = bool
  default     = false
}

variable "retention_days" {
  description = "Nobody can delete or overwrite an object before; clusters' backups are kept as long."
  type        = number
  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 365
    error_message = "retention_days is 1 to 365."
  }
}

variable "delete_days" {
  description = "Objects are deleted at this age."
  type        = number
  validation {
    condition     = var.delete_days > var.retention_days
    error_message = "delete_days is more than retention_days: nothing can be deleted before."
  }
}

variable "lock_retention" {
  description = "The retention can never be shortened again, by nobody: also not by a destroy."
  type        = bool
  default     = false
}

variable "protected" {
  description = "Terraform does not delete a bucket with backups in it."
  type        = bool
}

variable "clusters" {
  description = "Region → id of its cluster."
  type        = map(string)
}

variable "backup_locations" {
  description = "Region → another one that keeps its cluster's backups."
  type        = map(string)
  validation {
    condition     = alltrue([for region in keys(var.clusters) : lookup(var.backup_locations, region, region) != region])
    error_message = "Every cluster's backups lie in another region than its own."
  }
}

variable "kms_key" {
  description = "Key that encrypts the bucket, of its location; null: Google's."
  type        = string
  default     = null
}

variable "kms_keys" {
  description = "Region → key that encrypts clusters' backups there."
  type        = map(string)
  default     = {}
}

variable "labels" {
  description = "Labels of all that is made."
  type        = map(string)
  default     = {}
}
