output "budget" {
  description = "The budget's name at Google."
  value       = google_billing_budget.this.name
}
