output "names" {
  description = "Short name → name in Secret Manager."
  value       = { for name, secret in google_secret_manager_secret.this : name => secret.secret_id }
}
