variable "project_id" {
  description = "The project."
  type        = string
}

variable "name" {
  description = "Beginning of the names of what is made."
  type        = string
}

variable "domain" {
  description = "The domain below which the APIs have their names; its zone is made here, and the domain above it delegates to it."
  type        = string
  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain))
    error_message = "domain is a host name without a dot at its end, like dev.example.com."
  }
}

variable "apis" {
  description = "Services with a public name."
  type        = set(string)
  validation {
    condition     = contains(var.apis, "accounts")
    error_message = "accounts is among the APIs: its logins have limits of their own."
  }
}

variable "denied_ranges" {
  description = "Addresses that are refused, at most ten; null: none."
  type        = set(string)
  default     = null
  validation {
    condition     = var.denied_ranges == null ? true : length(var.denied_ranges) > 0 && length(var.denied_ranges) <= 10 && alltrue([for each in var.denied_ranges : can(cidrhost(each, 0))])
    error_message = "denied_ranges has 1 to 10 ranges like 192.0.2.0/24."
  }
}

variable "rate_per_minute" {
  description = "Requests that one address may send in a minute."
  type        = object({ accounts = number, others = number })
  default     = { accounts = 60, others = 1200 }
  validation {
    condition     = var.rate_per_minute.accounts >= 10 && var.rate_per_minute.others >= 60 && var.rate_per_minute.others <= 2000 && var.rate_per_minute.accounts <= 2000
    error_message = "rate_per_minute is 10 to 2000 for accounts and 60 to 2000 for others: Cloud Armor counts to 10,000 in five minutes."
  }
}

variable "ban_seconds" {
  description = "How long an address stays out that has sent five times as much."
  type        = number
  default     = 600
  validation {
    condition     = var.ban_seconds >= 60 && var.ban_seconds <= 86400
    error_message = "ban_seconds is 60 to 86400."
  }
}

variable "waf_sensitivity" {
  description = "1: few false alarms, to 4: everything that looks odd."
  type        = number
  default     = 1
  validation {
    condition     = contains([1, 2, 3, 4], var.waf_sensitivity)
    error_message = "waf_sensitivity is 1 to 4."
  }
}

variable "protected" {
  description = "The zone is not deleted while it has records."
  type        = bool
}

variable "labels" {
  description = "Labels of all that is made."
  type        = map(string)
  default     = {}
}
