output "network" {
  description = "The network's id."
  value       = google_compute_network.this.id
}

output "subnetworks" {
  description = "Region → id of its subnetwork for nodes and pods."
  value       = { for name, subnetwork in google_compute_subnetwork.region : name => subnetwork.id }
}

output "endpoint_subnetworks" {
  description = "Region → id of its subnetwork for private services' addresses."
  value       = { for name, subnetwork in google_compute_subnetwork.endpoints : name => subnetwork.id }
}

output "game_server_tag" {
  description = "Network tag of nodes that players reach."
  value       = local.game_server_tag
}

output "game_ports" {
  description = "Host ports that are open to players."
  value       = var.game_ports
}
