variable "project_id" {
  description = "The project."
  type        = string
}

variable "location" {
  description = "Region of the registry; the others pull across, and image streaming keeps that short."
  type        = string
}

variable "kms_key" {
  description = "Key that encrypts it; null: Google's."
  type        = string
  default     = null
}

variable "readers" {
  description = "Who pulls: name → IAM member."
  type        = map(string)
}

variable "keep_versions" {
  description = "So many of the newest versions of each image are kept whatever their age."
  type        = number
  default     = 20
}

variable "keep_days" {
  description = "Others are deleted at this age."
  type        = number
  default     = 90
}

variable "labels" {
  description = "Labels of all that is made."
  type        = map(string)
  default     = {}
}
