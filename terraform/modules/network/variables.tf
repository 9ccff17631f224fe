variable "project_id" {
  description = "The project."
  type        = string
}

variable "name" {
  description = "Name of the network, and the beginning of the names of what is in it."
  type        = string
}

variable "regions" {
  description = "Region → its place in the address plan, which never changes once it is in use."
  type        = map(object({ network_index = number }))
  validation {
    condition     = alltrue([for region in var.regions : region.network_index >= 0 && region.network_index < 32 && floor(region.network_index) == region.network_index])
    error_message = "network_index is a whole number from 0 to 31."
  }
  validation {
    condition     = length(distinct([for region in var.regions : region.network_index])) == length(var.regions)
    error_message = "Every region has a network_index of its own."
  }
}

variable "game_ports" {
  description = "Host ports that Agones gives to game servers."
  type        = object({ min = number, max = number })
  validation {
    condition     = var.game_ports.min >= 1024 && var.game_ports.max <= 32767 && var.game_ports.min < var.game_ports.max
    error_message = "game_ports begin at 1024 or later, end below 32768 (ephemeral ports follow), and are a range."
  }
}

variable "flow_sampling" {
  description = "Share of flows that are logged, 0 to 1."
  type        = number
  default     = 0.1
  validation {
    condition     = var.flow_sampling > 0 && var.flow_sampling <= 1
    error_message = "flow_sampling is more than 0 and at most 1."
  }
}
