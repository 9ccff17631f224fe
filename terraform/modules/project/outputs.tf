output "project_id" {
  description = "The project, once its APIs are enabled."
  value       = var.project_id
  depends_on  = [google_project_service.this]
}

output "number" {
  description = "The project's number, which names its service agents."
  value       = data.google_project.this.number
}
