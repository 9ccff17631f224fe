output "id" {
  description = "The cluster's id."
  value       = google_container_cluster.this.id
}

output "cluster_name" {
  description = "The cluster's name."
  value       = google_container_cluster.this.name
}

output "endpoint" {
  description = "URL of the control plane, by its DNS endpoint."
  value       = "https://${google_container_cluster.this.control_plane_endpoints_config[0].dns_endpoint_config[0].endpoint}"
}

# The DNS endpoint shows a certificate that every machine trusts; the cluster's own authority signs for IP endpoints, of which there is none.
output "ca" {
  description = "Certificate authority of the endpoint, base64; empty: a public one."
  value       = ""
}

output "issuer" {
  description = "Who signs the tokens of the cluster's service accounts."
  value       = "https://container.googleapis.com/v1/projects/${var.project_id}/locations/${var.region}/clusters/${google_container_cluster.this.name}"
}


output "membership" {
  description = "The cluster's name in the project's fleet; empty where it is not a member."
  value       = var.fleet_member ? google_container_cluster.this.fleet[0].membership : ""
}
