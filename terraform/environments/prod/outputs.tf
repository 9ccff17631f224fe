output "project_id" {
  description = "The project."
  value       = module.environment.project_id
}

output "environment" {
  description = "Name of the environment."
  value       = module.environment.environment
}

output "registry" {
  description = "Where images are pushed to."
  value       = module.environment.registry
}

output "regions" {
  description = "Region → its cluster: cluster_name, endpoint, ca, issuer, services."
  value       = module.environment.regions
}

output "game_ports" {
  description = "Host ports of game servers that the firewall opens: Agones is to give out these."
  value       = module.environment.game_ports
}

output "domain" {
  description = "Domain below which the APIs have their names."
  value       = var.domain
}

output "api_hosts" {
  description = "API → its public host name."
  value       = module.environment.api_hosts
}

output "edge_ip" {
  description = "The public address of the APIs."
  value       = module.environment.edge_ip
}

output "edge" {
  description = "Names that the Gateway and its policies give: address, certificate_map, security_policy, ssl_policy."
  value       = module.environment.edge
}

output "dns_name_servers" {
  description = "Name servers that the domain above delegates to."
  value       = module.environment.dns_name_servers
}

output "cost_note" {
  description = "What a quiet month costs, roughly, and what that leaves out."
  value       = module.environment.cost_note
}

output "secret_names" {
  description = "Short name → name in Secret Manager."
  value       = module.environment.secret_names
}

output "allocator_account" {
  description = "Google's account that the allocator acts as."
  value       = module.environment.allocator_account
}

output "backup_bucket" {
  description = "Bucket of the backups."
  value       = module.environment.backup_bucket
}

output "quilkin_addresses" {
  description = "Region → address of its Quilkin proxies; empty without."
  value       = module.environment.quilkin_addresses
}
