variable "project_id" {
  description = "The project."
  type        = string
}

variable "name" {
  description = "Name of the cluster."
  type        = string
}

variable "region" {
  description = "Google Cloud's region."
  type        = string
  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region is one of Google Cloud's, like europe-west1."
  }
}

variable "zones" {
  description = "Zones of the region that have nodes; null: Google's choice of three."
  type        = set(string)
  default     = null
}

variable "network" {
  description = "Id of the network."
  type        = string
}

variable "subnetwork" {
  description = "Id of the region's subnetwork, with the secondary ranges pods and services."
  type        = string
}

variable "game_server_tag" {
  description = "Network tag that the firewall opens game ports for."
  type        = string
}

variable "node_service_account" {
  description = "Account of the nodes; it may write logs and metrics and pull images."
  type        = string
}

variable "deletion_protection" {
  description = "Terraform may not delete the cluster."
  type        = bool
}

variable "release_channel" {
  description = "How early Kubernetes versions come."
  type        = string
  validation {
    condition     = contains(["RAPID", "REGULAR", "STABLE", "EXTENDED"], var.release_channel)
    error_message = "release_channel is RAPID, REGULAR, STABLE or EXTENDED."
  }
}

variable "min_version" {
  description = "Nothing older; 1.33 resizes pods in place."
  type        = string
  default     = "1.33"
  validation {
    condition     = can(regex("^1\\.[0-9]+", var.min_version)) && tonumber(split(".", var.min_version)[1]) >= 33
    error_message = "min_version is 1.33 or later: pods are resized in place, and native sidecars are stable."
  }
}

variable "maintenance" {
  description = "When upgrades may happen: a recurring window (RFC 3339 times, RFC 5545 recurrence)."
  type        = object({ start = string, end = string, recurrence = string })
  validation {
    condition     = can(timecmp(var.maintenance.start, var.maintenance.end)) && try(timecmp(timeadd(var.maintenance.start, "4h"), var.maintenance.end) <= 0, false)
    error_message = "maintenance begins and ends at RFC 3339 times, at least 4 hours apart, as GKE asks."
  }
  validation {
    condition     = can(regex("^FREQ=(DAILY|WEEKLY)(;|$)", var.maintenance.recurrence))
    error_message = "maintenance.recurrence is an RFC 5545 rule like FREQ=WEEKLY;BYDAY=TU,WE."
  }
}

variable "maintenance_exclusions" {
  description = "Name → a time without upgrades: a launch, a season's finale."
  type        = map(object({ start = string, end = string, scope = optional(string, "NO_MINOR_OR_NODE_UPGRADES") }))
  default     = {}
  validation {
    condition     = alltrue([for each in var.maintenance_exclusions : contains(["NO_UPGRADES", "NO_MINOR_UPGRADES", "NO_MINOR_OR_NODE_UPGRADES"], each.scope)])
    error_message = "A maintenance exclusion's scope is NO_UPGRADES, NO_MINOR_UPGRADES or NO_MINOR_OR_NODE_UPGRADES."
  }
  validation {
    condition     = alltrue([for each in var.maintenance_exclusions : try(timecmp(each.start, each.end) < 0, false)])
    error_message = "A maintenance exclusion begins before it ends, at RFC 3339 times."
  }
}

variable "notification_topic" {
  description = "Pub/Sub topic that is told of upgrades and security bulletins."
  type        = string
  default     = null
}

variable "node_pools" {
  description = "Pools beside the game servers'; sizes per zone. A pool whose max_per_zone is 0 is not made."
  type = object({
    services = object({ machine_type = string, min_per_zone = number, max_per_zone = number, spot = optional(bool, false), disk_type = optional(string, "pd-balanced"), disk_size_gb = optional(number, 50) })
    agones   = object({ machine_type = string, min_per_zone = number, max_per_zone = number, spot = optional(bool, false), disk_type = optional(string, "pd-balanced"), disk_size_gb = optional(number, 50) })
    metrics  = object({ machine_type = string, min_per_zone = number, max_per_zone = number, spot = optional(bool, false), disk_type = optional(string, "pd-balanced"), disk_size_gb = optional(number, 50) })
  })
  validation {
    condition     = alltrue([for pool in var.node_pools : pool.min_per_zone >= 0 && pool.min_per_zone <= pool.max_per_zone])
    error_message = "A node pool's min_per_zone is at least 0 and at most its max_per_zone."
  }
  validation {
    condition     = var.node_pools.services.max_per_zone > 0
    error_message = "The services' pool cannot be left out: GKE's own pods run there."
  }
}

variable "game_server_pools" {
  description = "Pools of game servers by a short name; sizes per zone."
  type        = map(object({ machine_type = string, min_per_zone = number, max_per_zone = number, spot = optional(bool, false), disk_type = optional(string, "pd-balanced"), disk_size_gb = optional(number, 50) }))
  validation {
    condition     = length(var.game_server_pools) > 0 && alltrue([for name, pool in var.game_server_pools : can(regex("^[a-z][a-z0-9-]{0,20}$", name)) && pool.min_per_zone >= 0 && pool.min_per_zone <= pool.max_per_zone && pool.max_per_zone > 0])
    error_message = "There is a pool of game servers at least; names are short and lower-case; min_per_zone is at most max_per_zone."
  }
}

variable "game_server_soak" {
  description = "How an upgrade lets sessions end: share of the old pool that is drained at a time, the wait after each, and the wait before the old pool goes (7 days at most)."
  type        = object({ batch = number, batch_soak = string, pool = string })
  default     = { batch = 0.25, batch_soak = "1800s", pool = "3600s" }
  validation {
    condition     = var.game_server_soak.batch > 0 && var.game_server_soak.batch <= 1 && can(regex("^[0-9]+s$", var.game_server_soak.batch_soak)) && can(regex("^[0-9]+s$", var.game_server_soak.pool)) && try(tonumber(trimsuffix(var.game_server_soak.pool, "s")) <= 604800, false)
    error_message = "game_server_soak has a share above 0 and times in seconds like 1800s, the pool's 604800s at most."
  }
}

variable "kms_key" {
  description = "Key that encrypts Kubernetes' secrets in the control plane; null: Google's."
  type        = string
  default     = null
}

variable "disk_kms_key" {
  description = "Key that encrypts the nodes' disks; null: Google's."
  type        = string
  default     = null
}

variable "authenticator_group" {
  description = "gke-security-groups@DOMAIN, where RBAC is to know Google groups."
  type        = string
  default     = null
}

variable "backup_agent" {
  description = "Backup for GKE looks after this cluster."
  type        = bool
}

variable "fleet_member" {
  description = "The cluster joins the project's fleet, in which clusters find each other's services, and for a Gateway over several."
  type        = bool
  default     = false
}

variable "labels" {
  description = "Labels of all that is made."
  type        = map(string)
  default     = {}
}
