locals {
  connections = flatten([
    for endpoint in google_memorystore_instance.this.endpoints : [for each in endpoint.connections : each.psc_auto_connection]
  ])
  # With replicas it has an address that refuses writes, too, in no certain place.
  writable = [for each in local.connections : each.ip_address if each.connection_type != "CONNECTION_TYPE_READER"]
}

output "url" {
  description = "How the region's services reach it. No secret is in it: they log in as who they are to Google."
  value       = "rediss://${local.writable[0]}:6379"
}

output "ca" {
  description = "Certificate authorities that its certificate is checked by, PEM."
  value       = join("\n", flatten(google_memorystore_instance.this.managed_server_ca[0].ca_certs[*].certificates))
}

output "id" {
  description = "The instance's id."
  value       = google_memorystore_instance.this.id
}
