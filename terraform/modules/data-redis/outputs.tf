output "url" {
  description = "How the region's services reach it; no secret is in it."
  value       = "rediss://${google_memorystore_instance.this.endpoints[0].connections[0].psc_auto_connection[0].ip_address}:6379"
}

output "ca" {
  description = "Certificate authorities that its certificate is checked by, PEM."
  value       = join("\n", flatten(google_memorystore_instance.this.managed_server_ca[0].ca_certs[*].certificates))
}

output "id" {
  description = "The instance's id."
  value       = google_memorystore_instance.this.id
}
