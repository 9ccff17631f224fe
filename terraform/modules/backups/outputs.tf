output "bucket" {
  description = "The bucket's name."
  value       = google_storage_bucket.this.name
}

output "writer" {
  description = "Account that writes backups."
  value       = google_service_account.writer.email
}

output "plans" {
  description = "Names of the clusters' backup plans, which are those of the clusters."
  value       = toset([for plan in google_gke_backup_backup_plan.cluster : plan.name])
}
