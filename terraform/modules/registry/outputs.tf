output "registry" {
  description = "Where images are pushed to: REGION-docker.pkg.dev/PROJECT/lifeverse."
  value       = "${google_artifact_registry_repository.this.location}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.this.repository_id}"
}
