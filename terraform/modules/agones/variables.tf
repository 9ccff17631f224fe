variable "chart_version" {
  description = "Version of Agones' chart, resolved at its repository."
  type        = string
  validation {
    condition     = can(regex("^v?[0-9]+\\.[0-9]+\\.[0-9]+$", var.chart_version)) && try(tonumber(split(".", trimprefix(var.chart_version, "v"))[0]) > 1 || tonumber(split(".", trimprefix(var.chart_version, "v"))[1]) >= 62, false)
    error_message = "chart_version is 1.62.0 or later: counters and lists are always on, and a crashed game beside its sidecar is seen."
  }
}

variable "namespaces" {
  description = "Namespaces that exist and hold game servers."
  type        = list(string)
  default     = ["lifeverse"]
  validation {
    condition     = length(var.namespaces) > 0
    error_message = "Game servers need a namespace."
  }
}

variable "game_ports" {
  description = "Host ports that Agones gives to game servers: those that the firewall opens."
  type        = object({ min = number, max = number })
  default     = { min = 7000, max = 8000 }
  validation {
    condition     = var.game_ports.min >= 1024 && var.game_ports.max <= 32767 && var.game_ports.min < var.game_ports.max
    error_message = "game_ports begin at 1024 or later, end below 32768, and are a range."
  }
}

variable "batch_wait_ms" {
  description = "How long Agones gathers allocations, in milliseconds. Its default of 500 is what a lone allocation waits."
  type        = number
  default     = 10
  validation {
    condition     = var.batch_wait_ms >= 1 && var.batch_wait_ms <= 500
    error_message = "batch_wait_ms is 1 to 500."
  }
}

variable "feature_gates" {
  description = "Agones' feature gates that differ from its defaults. An unknown name keeps Agones from starting."
  type        = map(bool)
  default     = { SidecarContainers = true }
  validation {
    condition     = alltrue([for name in keys(var.feature_gates) : can(regex("^[A-Z][A-Za-z]+$", name))])
    error_message = "A feature gate is written like SidecarContainers."
  }
  validation {
    condition     = lookup(var.feature_gates, "SidecarContainers", true)
    error_message = "SidecarContainers stays on: the bridge is a native sidecar."
  }
}

variable "replicas" {
  description = "Of each of Agones' deployments."
  type        = number
  default     = 2
  validation {
    condition     = var.replicas >= 1 && var.replicas <= 5
    error_message = "replicas is 1 to 5."
  }
}

variable "own_nodes" {
  description = "Agones runs on the pool that is its own, and nowhere else."
  type        = bool
  default     = true
}
