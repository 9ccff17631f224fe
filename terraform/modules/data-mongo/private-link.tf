# Private Service Connect, one endpoint per region with services: Atlas maps every node to a port of it.

resource "mongodbatlas_privatelink_endpoint" "this" {
  for_each = var.endpoint_subnetworks

  project_id           = mongodbatlas_project.this.id
  provider_name        = "GCP"
  region               = local.atlas_regions[each.key]
  port_mapping_enabled = true
}

resource "google_compute_address" "atlas" {
  for_each = var.endpoint_subnetworks

  project      = var.project_id
  name         = "${var.name}-atlas-${each.key}"
  region       = each.key
  subnetwork   = each.value
  address_type = "INTERNAL"
}

resource "google_compute_forwarding_rule" "atlas" {
  for_each = var.endpoint_subnetworks

  project                 = var.project_id
  name                    = google_compute_address.atlas[each.key].name
  region                  = each.key
  network                 = var.network
  ip_address              = google_compute_address.atlas[each.key].id
  target                  = mongodbatlas_privatelink_endpoint.this[each.key].service_attachment_names[0]
  load_balancing_scheme   = ""
  allow_psc_global_access = true
}

resource "mongodbatlas_privatelink_endpoint_service" "this" {
  for_each = var.endpoint_subnetworks

  project_id                  = mongodbatlas_project.this.id
  private_link_id             = mongodbatlas_privatelink_endpoint.this[each.key].private_link_id
  provider_name               = "GCP"
  endpoint_service_id         = google_compute_forwarding_rule.atlas[each.key].name
  private_endpoint_ip_address = google_compute_address.atlas[each.key].address
  gcp_project_id              = var.project_id
}
