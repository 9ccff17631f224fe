variable "project_id" {
  description = "The project."
  type        = string
}

variable "environment" {
  description = "Name of the environment, part of every secret's name."
  type        = string
}

variable "names" {
  description = "Secrets that there are: lifeverse-ENVIRONMENT-NAME."
  type        = set(string)
}

variable "given" {
  description = "Secrets whose values come from here: name → version, raised when the value changes."
  type        = map(number)
}

variable "values" {
  description = "Their values; written, and not kept in the state."
  type        = map(string)
  sensitive   = true
  ephemeral   = true
}

variable "locations" {
  description = "Regions that keep a copy."
  type        = set(string)
}

variable "kms_keys" {
  description = "Region → key that encrypts its copy; null: Google's."
  type        = map(string)
  default     = null
}

variable "readers" {
  description = "Who reads: name → IAM member."
  type        = map(string)
}

variable "labels" {
  description = "Labels of all that is made."
  type        = map(string)
  default     = {}
}
