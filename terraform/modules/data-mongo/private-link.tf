# Private Service Connect, one endpoint per region with nodes: behind it Atlas maps every node of that region to a port. Atlas gives an
# address by the endpoints only when each of these regions has one. The address is one for the whole replica set, and names each node by its
# own region's endpoint; so services of every region use the same, through the one network. (Addresses by region are for sharded clusters.)

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

  project               = var.project_id
  name                  = google_compute_address.atlas[each.key].name
  region                = each.key
  network               = var.network
  ip_address            = google_compute_address.atlas[each.key].id
  target                = mongodbatlas_privatelink_endpoint.this[each.key].service_attachment_names[0]
  load_balancing_scheme = ""
  # A service reaches nodes of other regions as well: the primary is wherever it was elected.
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

locals {
  endpoints = [for each in mongodbatlas_privatelink_endpoint_service.this : each.endpoint_service_id]
  # Through all the endpoints, or none: an address that leaves a region out loses the database when the primary moves there.
  addresses = [
    for each in data.mongodbatlas_advanced_cluster.connected.connection_strings.private_endpoint : each.srv_connection_string
    if length(setsubtract(local.endpoints, each.endpoints[*].endpoint_id)) == 0
  ]
  address = one(local.addresses)
}

# Asked again once the endpoints are there.
data "mongodbatlas_advanced_cluster" "connected" {
  project_id = mongodbatlas_project.this.id
  name       = mongodbatlas_advanced_cluster.this.name
  depends_on = [mongodbatlas_privatelink_endpoint_service.this]

  lifecycle {
    postcondition {
      condition = length([
        for each in self.connection_strings.private_endpoint : each
        if length(setsubtract(local.endpoints, each.endpoints[*].endpoint_id)) == 0
      ]) == 1
      error_message = "Atlas gives no address through all the private endpoints (${join(", ", local.endpoints)}) yet. It does once the cluster is idle again and every region with nodes has an endpoint that is AVAILABLE: Atlas, Network Access, Private Endpoint. Then apply again."
    }
  }
}
