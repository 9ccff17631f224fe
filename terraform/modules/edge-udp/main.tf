# What stands before the game servers' UDP ports. Packets go straight to the nodes; Cloud Armor looks at them at Google's edge.

# Needs Cloud Armor Enterprise on the project, which is paid by the month: it is for environments that players reach.
resource "google_compute_project_cloud_armor_tier" "this" {
  count = var.ddos_protection ? 1 : 0

  project          = var.project_id
  cloud_armor_tier = "CA_ENTERPRISE_PAYGO"
}

resource "google_compute_region_security_policy" "ddos" {
  for_each = var.ddos_protection ? var.regions : []

  project     = var.project_id
  name        = "${var.name}-udp-ddos"
  description = "Advanced network protection against floods: volumetric, protocol and amplification attacks on every public address of the region."
  region      = each.value
  type        = "CLOUD_ARMOR_NETWORK"
  ddos_protection_config {
    ddos_protection = "ADVANCED"
  }
  depends_on = [google_compute_project_cloud_armor_tier.this]
}

# One per region and project, so another deployment in the same project must not make one as well.
resource "google_compute_network_edge_security_service" "this" {
  provider = google-beta
  for_each = var.ddos_protection ? var.regions : []

  project         = var.project_id
  name            = "${var.name}-udp-edge"
  region          = each.value
  security_policy = google_compute_region_security_policy.ddos[each.key].self_link
}

# With Quilkin (fleets/components/udp-proxies) players see the proxies' address instead of the nodes'.
resource "google_compute_address" "quilkin" {
  for_each = var.quilkin ? var.regions : []

  project      = var.project_id
  name         = "${var.name}-quilkin-${each.value}"
  region       = each.value
  address_type = "EXTERNAL"
  network_tier = "PREMIUM"
}
