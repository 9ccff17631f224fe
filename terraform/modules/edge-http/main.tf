# The parts of the global load balancer that the Gateway in fleets/ names and GKE does not make: address, certificates, names, and what
# Cloud Armor lets through. A GCPBackendPolicy in fleets/ names the policy; without one nothing would look at requests.

locals {
  hosts = { for name in var.apis : name => "${name}.${var.domain}" }
}

resource "google_compute_global_address" "this" {
  project      = var.project_id
  name         = "${var.name}-edge"
  address_type = "EXTERNAL"
  ip_version   = "IPV4"
}

# Names

resource "google_dns_managed_zone" "this" {
  project       = var.project_id
  name          = var.name
  dns_name      = "${var.domain}."
  description   = "LifeVerse's public names"
  visibility    = "public"
  force_destroy = !var.protected
  labels        = var.labels
  dnssec_config {
    state         = "on"
    non_existence = "nsec3"
  }
  cloud_logging_config {
    enable_logging = true
  }
}

resource "google_dns_record_set" "api" {
  for_each = local.hosts

  project      = var.project_id
  managed_zone = google_dns_managed_zone.this.name
  name         = "${each.value}."
  type         = "A"
  ttl          = 300
  rrdatas      = [google_compute_global_address.this.address]
}

# Only Google's authority issues certificates for these names.
resource "google_dns_record_set" "caa" {
  project      = var.project_id
  managed_zone = google_dns_managed_zone.this.name
  name         = "${var.domain}."
  type         = "CAA"
  ttl          = 3600
  rrdatas      = ["0 issue \"pki.goog\"", "0 issuewild \";\""]
}

# Certificates, proven by names: they are there before the first request is.

resource "google_certificate_manager_dns_authorization" "api" {
  for_each = local.hosts

  project = var.project_id
  name    = "${var.name}-${each.key}"
  domain  = each.value
  labels  = var.labels
}

resource "google_dns_record_set" "authorization" {
  for_each = local.hosts

  project      = var.project_id
  managed_zone = google_dns_managed_zone.this.name
  name         = google_certificate_manager_dns_authorization.api[each.key].dns_resource_record[0].name
  type         = google_certificate_manager_dns_authorization.api[each.key].dns_resource_record[0].type
  ttl          = 300
  rrdatas      = [google_certificate_manager_dns_authorization.api[each.key].dns_resource_record[0].data]
}

resource "google_certificate_manager_certificate" "api" {
  for_each = local.hosts

  project = var.project_id
  name    = "${var.name}-${each.key}"
  labels  = var.labels
  managed {
    domains            = [each.value]
    dns_authorizations = [google_certificate_manager_dns_authorization.api[each.key].id]
  }
}

resource "google_certificate_manager_certificate_map" "this" {
  project = var.project_id
  name    = var.name
  labels  = var.labels
}

resource "google_certificate_manager_certificate_map_entry" "api" {
  for_each = local.hosts

  project      = var.project_id
  name         = "${var.name}-${each.key}"
  map          = google_certificate_manager_certificate_map.this.name
  hostname     = each.value
  certificates = [google_certificate_manager_certificate.api[each.key].id]
  labels       = var.labels
}

resource "google_compute_ssl_policy" "this" {
  project         = var.project_id
  name            = var.name
  profile         = "RESTRICTED"
  min_tls_version = "TLS_1_2"
}
