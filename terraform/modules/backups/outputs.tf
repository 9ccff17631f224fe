output "bucket" {
  description = "The bucket's name."
  value       = google_storage_bucket.this.name
}

output "writer" {
  description = "Account that writes backups."
  value       = google_service_account.writer.email
}
