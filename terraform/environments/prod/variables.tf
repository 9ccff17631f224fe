variable "project_id" {
  description = "Id of the Google Cloud project that holds this environment and nothing else."
  type        = string
}

variable "create_project" {
  description = "Make the project here. make deploy-cluster expects it to be there, for it holds the state's bucket."
  type        = bool
  default     = false
}

variable "billing_account" {
  description = "The billing account that pays, as XXXXXX-XXXXXX-XXXXXX."
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
  description = "Domain below which the APIs have their names, like dev.example.com; the domain above delegates to the output dns_name_servers."
  type        = string
}

variable "mongodbatlas_org_id" {
  description = "Atlas' organization, 24 hexadecimal digits."
  type        = string
}

variable "alert_emails" {
  description = "Who is told of alerts and of the budget."
  type        = set(string)
  validation {
    condition     = length(var.alert_emails) > 0
    error_message = "alert_emails names somebody: in prod an alert that nobody gets is no alert."
  }
}

variable "budget" {
  description = "What a month may cost before somebody is told, and the billing account's currency."
  type        = object({ monthly_amount = number, currency = optional(string, "USD") })
  default     = { monthly_amount = 15000 }
}

variable "regions" {
  description = "Region → its place in the address plan (never changed once in use), whether it has services, its zones (null: Google's choice of three), and the other region that keeps its cluster's backups. Add the same region to fleets/overlays/prod/regions."
  type = map(object({
    network_index   = number
    services        = bool
    zones           = optional(set(string))
    backup_location = optional(string)
  }))
  default = {
    "europe-west1"    = { network_index = 0, services = true, backup_location = "europe-west4" }
    "us-east1"        = { network_index = 1, services = true, backup_location = "us-central1" }
    "asia-northeast1" = { network_index = 2, services = false, backup_location = "asia-northeast2" }
  }
  validation {
    condition     = length(var.regions) >= 3
    error_message = "prod has three regions at least: one may be lost while another is drained."
  }
  validation {
    condition     = length([for region in var.regions : region if region.services]) >= 2
    error_message = "prod has services in two regions at least."
  }
  validation {
    condition     = alltrue([for region in var.regions : region.backup_location != null])
    error_message = "Every region of prod has a backup_location."
  }
}

variable "primary_region" {
  description = "Where what is there only once lies: registry, logs. It has services."
  type        = string
  default     = "europe-west1"
}

variable "game_ports" {
  description = "Host ports of game servers, which the firewall opens; terraform/cluster gives Agones the same."
  type        = object({ min = number, max = number })
  default     = { min = 7000, max = 8000 }
}

variable "game_server_pools" {
  description = "Pools of game servers in every region: machine type, sizes per zone, spot or not."
  type        = map(object({ machine_type = string, min_per_zone = number, max_per_zone = number, spot = optional(bool, false) }))
  default = {
    standard = { machine_type = "c3d-standard-8", min_per_zone = 1, max_per_zone = 50 }
  }
}

variable "maintenance_exclusions" {
  description = "Name → a time without upgrades: a launch, a season's finale."
  type        = map(object({ start = string, end = string, scope = optional(string, "NO_MINOR_OR_NODE_UPGRADES") }))
  default     = {}
}

variable "authenticator_group" {
  description = "gke-security-groups@DOMAIN, where RBAC is to know Google groups."
  type        = string
  default     = null
}

variable "protected" {
  description = "Nothing that keeps data is deleted by Terraform, and a destroy is refused as a whole; how to take prod down all the same: docs/terraform.md."
  type        = bool
  default     = true
}

variable "quilkin" {
  description = "Reserve addresses for UDP proxies (Quilkin) and put these before the game servers; players are sent there once deploy/cluster/placement.yaml says so."
  type        = bool
  default     = false
}

variable "secret_version" {
  description = "Raise it when the databases' addresses or passwords have changed."
  type        = number
  default     = 1
}

variable "lock_retention" {
  description = "Lock the retention of backups and security logs: nobody can shorten it again, not even by deleting the project's contents. Set it when the numbers are settled."
  type        = bool
  default     = false
}
