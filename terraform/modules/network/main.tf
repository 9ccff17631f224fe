# One network, a subnetwork in every region. Ranges follow from a region's index, so that adding a region moves no other.

locals {
  # Per index 0 to 31, without overlaps: nodes /20, services /20, pods /15, endpoints of private services /24.
  ranges = {
    for name, region in var.regions : name => {
      nodes     = cidrsubnet("10.0.0.0/11", 9, region.network_index)
      services  = cidrsubnet("10.32.0.0/12", 8, region.network_index)
      endpoints = cidrsubnet("10.48.0.0/16", 8, region.network_index)
      pods      = cidrsubnet("10.64.0.0/10", 5, region.network_index)
    }
  }
  game_server_tag = "lifeverse-game-server"
}

resource "google_compute_network" "this" {
  project                         = var.project_id
  name                            = var.name
  auto_create_subnetworks         = false
  routing_mode                    = "GLOBAL"
  delete_default_routes_on_create = false
}

resource "google_compute_subnetwork" "region" {
  for_each = local.ranges

  project                  = var.project_id
  name                     = "${var.name}-${each.key}"
  region                   = each.key
  network                  = google_compute_network.this.id
  ip_cidr_range            = each.value.nodes
  private_ip_google_access = true

  secondary_ip_range {
    range_name    = "pods"
    ip_cidr_range = each.value.pods
  }
  secondary_ip_range {
    range_name    = "services"
    ip_cidr_range = each.value.services
  }

  log_config {
    aggregation_interval = "INTERVAL_5_SEC"
    flow_sampling        = var.flow_sampling
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

# Where private services (MongoDB, Redis) show their addresses to the region.
resource "google_compute_subnetwork" "endpoints" {
  #checkov:skip=CKV_GCP_26:It holds addresses of private endpoints and no machine; their traffic is in the log of the other side's subnetwork.
  for_each = local.ranges

  project                  = var.project_id
  name                     = "${var.name}-${each.key}-endpoints"
  region                   = each.key
  network                  = google_compute_network.this.id
  ip_cidr_range            = each.value.endpoints
  private_ip_google_access = true
}

# Nodes without public addresses reach the outside through here.
resource "google_compute_router" "region" {
  for_each = var.regions

  project = var.project_id
  name    = "${var.name}-${each.key}"
  region  = each.key
  network = google_compute_network.this.id
}

resource "google_compute_router_nat" "region" {
  for_each = var.regions

  project                             = var.project_id
  name                                = "${var.name}-${each.key}"
  region                              = each.key
  router                              = google_compute_router.region[each.key].name
  nat_ip_allocate_option              = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat  = "ALL_SUBNETWORKS_ALL_IP_RANGES"
  enable_dynamic_port_allocation      = true
  enable_endpoint_independent_mapping = false
  min_ports_per_vm                    = 64
  max_ports_per_vm                    = 4096
  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}

# The one way in: players' packets to the host ports that Agones gives out, on nodes of game servers.
resource "google_compute_firewall" "game_udp" {
  project       = var.project_id
  name          = "${var.name}-game-udp"
  description   = "Players to game servers."
  network       = google_compute_network.this.id
  direction     = "INGRESS"
  priority      = 1000
  source_ranges = ["0.0.0.0/0"]
  target_tags   = [local.game_server_tag]
  allow {
    protocol = "udp"
    ports    = ["${var.game_ports.min}-${var.game_ports.max}"]
  }
}

# What a network without rules does anyway, said aloud and below what GKE opens for itself (its control plane, Google's load balancers).
# There is no log of it: on nodes with public addresses that would be the noise of the whole internet.
resource "google_compute_firewall" "deny_ingress" {
  project       = var.project_id
  name          = "${var.name}-deny-ingress"
  description   = "Nothing else from anywhere."
  network       = google_compute_network.this.id
  direction     = "INGRESS"
  priority      = 65534
  source_ranges = ["0.0.0.0/0"]
  deny {
    protocol = "all"
  }
}
