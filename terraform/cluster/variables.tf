variable "project_id" {
  description = "The project of the cluster."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "environment" {
  description = "Name of the environment."
  type        = string
  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "environment is dev, staging or prod."
  }
}

variable "region" {
  description = "Region of the cluster."
  type        = string
  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region is one of Google Cloud's, like europe-west1."
  }
}

variable "cluster_name" {
  description = "Name of the cluster."
  type        = string
}

variable "cluster_endpoint" {
  description = "URL of its control plane."
  type        = string
  validation {
    condition     = can(regex("^https://[a-z0-9.-]+(:[0-9]+)?$", var.cluster_endpoint))
    error_message = "cluster_endpoint is a URL like https://gke-….europe-west1.gke.goog."
  }
}

variable "cluster_ca" {
  description = "Certificate authority of the endpoint, base64; empty: a public one."
  type        = string
  default     = ""
  validation {
    condition     = var.cluster_ca == "" || can(base64decode(var.cluster_ca))
    error_message = "cluster_ca is empty or base64."
  }
}

variable "agones_chart_version" {
  description = "Version of Agones' chart, resolved at its repository; 1.62.0 or later."
  type        = string
}

variable "cert_manager_chart_version" {
  description = "Version of cert-manager's chart, resolved at its repository."
  type        = string
  validation {
    condition     = can(regex("^v?[0-9]+\\.[0-9]+\\.[0-9]+$", var.cert_manager_chart_version)) && try(tonumber(split(".", trimprefix(var.cert_manager_chart_version, "v"))[0]) > 1 || tonumber(split(".", trimprefix(var.cert_manager_chart_version, "v"))[1]) >= 15, false)
    error_message = "cert_manager_chart_version is 1.15.0 or later: its values name the CRDs as they are named here."
  }
}

variable "external_secrets_chart_version" {
  description = "Version of External Secrets' chart, resolved at its repository."
  type        = string
  validation {
    condition     = can(regex("^v?[0-9]+\\.[0-9]+\\.[0-9]+$", var.external_secrets_chart_version))
    error_message = "external_secrets_chart_version is a version like 0.10.0."
  }
}

variable "game_server_namespaces" {
  description = "Namespaces with game servers."
  type        = list(string)
  default     = ["lifeverse"]
}

variable "game_ports" {
  description = "Host ports of game servers: the environment's output, whose firewall opens them."
  type        = object({ min = number, max = number })
}

variable "agones_batch_wait_ms" {
  description = "How long Agones gathers allocations, in milliseconds."
  type        = number
  default     = 10
}

variable "agones_feature_gates" {
  description = "Agones' feature gates that differ from its defaults."
  type        = map(bool)
  default     = { SidecarContainers = true }
}
