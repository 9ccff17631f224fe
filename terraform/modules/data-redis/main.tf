# Memorystore for Valkey, one per region with services: whose turn it is, a hint that may be lost, and is kept in an append-only file all the
# same. (Memorystore for Redis has no append-only file.) It is reached by a private endpoint, speaks TLS only, and lets in
# by access tokens of Google's.

resource "google_network_connectivity_service_connection_policy" "this" {
  project       = var.project_id
  name          = "${var.name}-memorystore"
  location      = var.region
  service_class = "gcp-memorystore"
  network       = var.network
  psc_config {
    subnetworks = [var.endpoint_subnetwork]
  }
  labels = var.labels
}

resource "google_memorystore_instance" "this" {
  project     = var.project_id
  instance_id = var.name
  location    = var.region
  labels      = var.labels

  engine_version              = "VALKEY_8_0"
  mode                        = "CLUSTER_DISABLED"
  node_type                   = var.node_type
  shard_count                 = 1
  replica_count               = var.replicas
  deletion_protection_enabled = var.protected
  kms_key                     = var.kms_key

  transit_encryption_mode = "SERVER_AUTHENTICATION"
  authorization_mode      = var.authorization_mode

  # BullMQ's jobs must not vanish by eviction: a full instance refuses.
  engine_configs = {
    maxmemory-policy = "noeviction"
  }
  persistence_config {
    mode = "AOF"
    aof_config {
      append_fsync = "EVERY_SEC"
    }
  }

  desired_auto_created_endpoints {
    network    = var.network
    project_id = var.project_id
  }

  maintenance_policy {
    weekly_maintenance_window {
      day = "WEDNESDAY"
      start_time {
        hours   = 5
        minutes = 0
        seconds = 0
        nanos   = 0
      }
    }
  }

  depends_on = [google_network_connectivity_service_connection_policy.this]
}
