variable "project_id" {
  description = "The project."
  type        = string
}

variable "environment" {
  description = "Name of the environment, as alerts say it."
  type        = string
}

variable "log_location" {
  description = "Region of the log buckets."
  type        = string
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  validation {
    condition     = var.log_retention_days >= 1 && var.log_retention_days <= 3650
    error_message = "log_retention_days is 1 to 3650."
  }
}

variable "security_retention_days" {
  description = "How long audit logs and security events are kept."
  type        = number
  validation {
    condition     = var.security_retention_days >= var.log_retention_days && var.security_retention_days <= 3650
    error_message = "security_retention_days is at least log_retention_days, and at most 3650."
  }
}

variable "lock_retention" {
  description = "The security events' retention can never be shortened again."
  type        = bool
  default     = false
}

variable "hosts" {
  description = "API → host name that is looked at from outside."
  type        = map(string)
  validation {
    condition     = alltrue([for name in keys(var.hosts) : contains(["accounts", "allocator", "matchmaker", "saves"], name)])
    error_message = "hosts are those of accounts, allocator, matchmaker and saves: of these it is known what to look at."
  }
}

variable "alert_emails" {
  description = "Who is told. Nobody: alerts are in the console only."
  type        = set(string)
  validation {
    condition     = alltrue([for each in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", each))])
    error_message = "alert_emails are e-mail addresses."
  }
}

variable "backup_plans" {
  description = "Names of the clusters' backup plans, which are those of the clusters."
  type        = set(string)
  validation {
    condition     = alltrue([for name in var.backup_plans : can(regex("^[a-z][a-z0-9-]+$", name))])
    error_message = "backup_plans are names of clusters: they stand in a regular expression as they are."
  }
}

variable "udp_proxies" {
  description = "UDP proxies stand before the game servers and are watched."
  type        = bool
}
