output "ip" {
  description = "The public address."
  value       = google_compute_global_address.this.address
}

output "address_name" {
  description = "Its name, as the Gateway's addresses give it (NamedAddress)."
  value       = google_compute_global_address.this.name
}

output "certificate_map" {
  description = "Name of the certificate map, as the Gateway's annotation networking.gke.io/certmap gives it."
  value       = google_certificate_manager_certificate_map.this.name
}

output "security_policy" {
  description = "Name of the security policy, as a GCPBackendPolicy gives it."
  value       = google_compute_security_policy.this.name
}

output "ssl_policy" {
  description = "Name of the TLS policy, as a GCPGatewayPolicy gives it."
  value       = google_compute_ssl_policy.this.name
}

output "hosts" {
  description = "API → its host name."
  value       = local.hosts
}

output "name_servers" {
  description = "Name servers that the domain above delegates to."
  value       = google_dns_managed_zone.this.name_servers
}
