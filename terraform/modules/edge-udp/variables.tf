variable "project_id" {
  description = "The project."
  type        = string
}

variable "name" {
  description = "Beginning of the names of what is made."
  type        = string
}

variable "regions" {
  description = "Regions with game servers."
  type        = set(string)
}

variable "ddos_protection" {
  description = "Advanced network DDoS protection; it enrols the project in Cloud Armor Enterprise."
  type        = bool
}

variable "quilkin" {
  description = "Addresses for Quilkin proxies are reserved."
  type        = bool
  default     = false
}
