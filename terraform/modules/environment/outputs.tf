output "project_id" {
  description = "The project."
  value       = module.project.project_id
}

output "environment" {
  description = "Name of the environment."
  value       = var.environment
}

output "registry" {
  description = "Where images are pushed to."
  value       = module.registry.registry
}

output "regions" {
  description = "Region → its cluster."
  value = {
    for name, region in module.region : name => {
      cluster_name = region.cluster_name
      endpoint     = region.endpoint
      ca           = region.ca
      issuer       = region.issuer
      services     = var.regions[name].services
    }
  }
}

output "game_ports" {
  description = "Host ports of game servers that the firewall opens."
  value       = module.network.game_ports
}

output "api_hosts" {
  description = "API → its public host name."
  value       = { for name in ["allocator", "accounts", "matchmaker", "saves"] : name => module.edge_http.hosts[name] }
}

output "edge_ip" {
  description = "The public address of the APIs."
  value       = module.edge_http.ip
}

output "edge" {
  description = "Names that the Gateway and its policies in fleets/ give."
  value = {
    address         = module.edge_http.address_name
    certificate_map = module.edge_http.certificate_map
    security_policy = module.edge_http.security_policy
    ssl_policy      = module.edge_http.ssl_policy
  }
}

output "dns_name_servers" {
  description = "Name servers that the domain above delegates to."
  value       = module.edge_http.name_servers
}

output "secret_names" {
  description = "Short name → name in Secret Manager."
  value       = module.secrets.names
}

output "allocator_account" {
  description = "Google's account that the allocator acts as: its Kubernetes account is annotated with it, RBAC knows it by it."
  value       = google_service_account.allocator.email
}

output "backup_bucket" {
  description = "Bucket of the backups."
  value       = module.backups.bucket
}

output "quilkin_addresses" {
  description = "Region → address of its Quilkin proxies."
  value       = module.edge_udp.quilkin_addresses
}
