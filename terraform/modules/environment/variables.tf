# What differs between environments. The roots in terraform/environments give each its values; docs/terraform.md has the table.

variable "environment" {
  description = "Name of the environment."
  type        = string
  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "environment is dev, staging or prod."
  }
}

variable "protected" {
  description = "Nothing that keeps data is deleted by Terraform, and a destroy is refused as a whole."
  type        = bool
}

variable "project_id" {
  description = "The project."
  type        = string
}

variable "create_project" {
  description = "Make the project here."
  type        = bool
  default     = false
}

variable "billing_account" {
  description = "The billing account that pays."
  type        = string
}

variable "organization" {
  description = "Number of the organization that a new project belongs to."
  type        = string
  default     = null
}

variable "folder" {
  description = "Number of the folder that a new project belongs to."
  type        = string
  default     = null
}

variable "domain" {
  description = "Domain below which the APIs have their names."
  type        = string
}

variable "regions" {
  description = "Region → its place in the address plan, whether it has services, its zones (null: Google's choice), and where its cluster's backups lie."
  type = map(object({
    network_index   = number
    services        = bool
    zones           = optional(set(string))
    backup_location = optional(string)
  }))
  validation {
    condition     = length([for region in var.regions : region if region.services]) > 0
    error_message = "A region at least has services."
  }
  validation {
    condition     = alltrue([for name in keys(var.regions) : can(regex("^[a-z]+-[a-z]+[0-9]+$", name))])
    error_message = "regions are named as Google Cloud names them, like europe-west1."
  }
}

variable "primary_region" {
  description = "Where what is there only once lies: registry, logs. It has services."
  type        = string
  validation {
    condition     = try(var.regions[var.primary_region].services, false)
    error_message = "primary_region is one of the regions that have services."
  }
}

variable "game_ports" {
  description = "Host ports of game servers."
  type        = object({ min = number, max = number })
  default     = { min = 7000, max = 8000 }
}

variable "cluster" {
  description = "What all clusters have in common."
  type = object({
    release_channel        = string
    maintenance            = object({ start = string, end = string, recurrence = string })
    maintenance_exclusions = optional(map(object({ start = string, end = string, scope = optional(string, "NO_MINOR_OR_NODE_UPGRADES") })), {})
    authenticator_group    = optional(string)
    game_server_soak       = optional(object({ batch = number, batch_soak = string, pool = string }), { batch = 0.25, batch_soak = "1800s", pool = "3600s" })
  })
}

variable "node_pools" {
  description = "Pools beside the game servers', in every region; sizes per zone."
  type = object({
    services = object({ machine_type = string, min_per_zone = number, max_per_zone = number, spot = optional(bool, false) })
    agones   = object({ machine_type = string, min_per_zone = number, max_per_zone = number, spot = optional(bool, false) })
    metrics  = object({ machine_type = string, min_per_zone = number, max_per_zone = number, spot = optional(bool, false) })
  })
}

variable "game_server_pools" {
  description = "Pools of game servers, in every region; sizes per zone."
  type        = map(object({ machine_type = string, min_per_zone = number, max_per_zone = number, spot = optional(bool, false) }))
}

variable "encrypt_with_own_keys" {
  description = "Data is encrypted with keys of the project's own."
  type        = bool
}

variable "mongo" {
  description = "MongoDB at Atlas: organization, size, regions (null: three nodes in the primary region), recovery to any second of so many days."
  type = object({
    org_id             = string
    instance_size      = string
    max_instance_size  = optional(string)
    regions            = optional(list(object({ region = string, nodes = number })))
    point_in_time_days = number
  })
  validation {
    condition     = alltrue([for each in coalesce(var.mongo.regions, []) : contains(keys(var.regions), each.region)])
    error_message = "Every region with nodes of MongoDB is one of regions: it needs a subnetwork for its private endpoint."
  }
}

variable "redis" {
  description = "Memorystore, in every region with services."
  type        = object({ node_type = string, replicas = number, authorization_mode = optional(string, "IAM_AUTH") })
}

variable "edge" {
  description = "What stands before the public addresses."
  type = object({
    udp_ddos_protection = bool
    quilkin             = optional(bool, false)
    denied_ranges       = optional(set(string))
    rate_per_minute     = optional(object({ accounts = number, others = number }), { accounts = 60, others = 1200 })
  })
}

variable "backups" {
  description = "The bucket's continent and its two regions, how long nothing can be deleted, and when it is."
  type = object({
    location       = string
    data_locations = set(string)
    retention_days = number
    delete_days    = number
    lock_retention = optional(bool, false)
    turbo          = optional(bool, false)
  })
}

variable "logs" {
  description = "How long logs are kept."
  type        = object({ retention_days = number, security_retention_days = number, lock_retention = optional(bool, false), flow_sampling = optional(number, 0.1) })
}

variable "alert_emails" {
  description = "Who is told of alerts and of the budget."
  type        = set(string)
}

variable "budget" {
  description = "What a month may cost, and in which currency the billing account counts."
  type        = object({ monthly_amount = number, currency = optional(string, "USD") })
}

variable "secret_version" {
  description = "Raise it when the databases' addresses or passwords have changed: their secrets get a new version."
  type        = number
  default     = 1
}
