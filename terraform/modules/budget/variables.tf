variable "billing_account" {
  description = "The billing account that pays."
  type        = string
}

variable "project_number" {
  description = "Number of the project whose cost is counted."
  type        = string
}

variable "name" {
  description = "Name of the budget."
  type        = string
}

variable "monthly_amount" {
  description = "What a month may cost, in whole units of the currency."
  type        = number
  validation {
    condition     = var.monthly_amount >= 1 && floor(var.monthly_amount) == var.monthly_amount
    error_message = "monthly_amount is a whole number of at least 1."
  }
}

variable "currency" {
  description = "The billing account's currency."
  type        = string
  default     = "USD"
}

variable "notification_channels" {
  description = "Monitoring channels that are told beside the billing account's administrators; Google takes five at most."
  type        = list(string)
  default     = []
}
