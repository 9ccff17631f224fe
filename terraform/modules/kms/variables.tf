variable "project_id" {
  description = "The project."
  type        = string
}

variable "name" {
  description = "Name of the key rings. A ring can never be deleted, so a name is used once."
  type        = string
}

variable "locations" {
  description = "Where data lies that is to be encrypted: regions, and the location of the backups."
  type        = set(string)
}

variable "users" {
  description = "Google's services that are to have agents in this project."
  type        = set(string)
  default     = []
}

variable "agents" {
  description = "Google's service agents that encrypt and decrypt: name → account. The names are known before the project's number is."
  type        = map(string)
}
