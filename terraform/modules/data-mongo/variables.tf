variable "project_id" {
  description = "The Google project whose network reaches the database."
  type        = string
}

variable "org_id" {
  description = "Atlas' organization."
  type        = string
  validation {
    condition     = can(regex("^[0-9a-f]{24}$", var.org_id))
    error_message = "org_id has 24 hexadecimal digits: Atlas, Organization Settings."
  }
}

variable "name" {
  description = "Name of Atlas' project and cluster."
  type        = string
}

variable "regions" {
  description = "Google's regions that keep the data, the primary's first, with an odd number of nodes in all. Three regions: one may be lost."
  type        = list(object({ region = string, nodes = number }))
  validation {
    condition     = contains([3, 5, 7], sum(var.regions[*].nodes))
    error_message = "The regions have 3, 5 or 7 nodes in all, as an election needs."
  }
  validation {
    condition     = length(distinct(var.regions[*].region)) == length(var.regions)
    error_message = "A region is named once."
  }
  validation {
    condition     = length(var.regions) < 3 || alltrue([for each in var.regions : each.nodes * 2 < sum(var.regions[*].nodes)])
    error_message = "With three regions or more none holds a majority, so that any one of them may be lost."
  }
}

variable "instance_size" {
  description = "Atlas' size of every node."
  type        = string
  validation {
    condition     = can(regex("^[MR][0-9]{2,3}$", var.instance_size)) && !contains(["M0"], var.instance_size)
    error_message = "instance_size is one of Atlas' dedicated sizes, from M10: smaller ones have neither point-in-time recovery nor private endpoints."
  }
}

variable "max_instance_size" {
  description = "Atlas scales up to this by itself; null: not at all."
  type        = string
  default     = null
}

variable "point_in_time_days" {
  description = "To any second of so many days the data can be brought back."
  type        = number
  validation {
    condition     = var.point_in_time_days >= 1 && var.point_in_time_days <= 35
    error_message = "point_in_time_days is 1 to 35."
  }
}

variable "protected" {
  description = "Terraform may not delete the cluster, and its backups outlive it."
  type        = bool
}

variable "databases" {
  description = "Databases that the services read and write."
  type        = set(string)
}

variable "network" {
  description = "Id of the network with the private endpoints."
  type        = string
}

variable "endpoint_subnetworks" {
  description = "Region with nodes → id of the subnetwork for its endpoint."
  type        = map(string)
  validation {
    condition     = toset(keys(var.endpoint_subnetworks)) == toset(var.regions[*].region)
    error_message = "Every region with nodes has an endpoint, and no other: Atlas gives no private address before."
  }
}

variable "password" {
  description = "Of the services' user; written, and kept nowhere here."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "password_version" {
  description = "Raise it and the password of this run is written."
  type        = number
}

variable "labels" {
  description = "Tags of the cluster."
  type        = map(string)
  default     = {}
}
