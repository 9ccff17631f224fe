# Where copies lie when a region is gone: a bucket in two regions at once, and Backup for GKE of every cluster.

resource "google_storage_bucket" "this" {
  #checkov:skip=CKV_GCP_62:Who reads and writes is in the audit log (modules/project turns data access on); a bucket of logs would only repeat it.
  project                     = var.project_id
  name                        = var.bucket_name
  location                    = var.location
  storage_class               = "STANDARD"
  rpo                         = var.turbo ? "ASYNC_TURBO" : "DEFAULT"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.protected
  labels                      = var.labels

  custom_placement_config {
    data_locations = var.data_locations
  }
  versioning {
    enabled = true
  }
  retention_policy {
    retention_period = var.retention_days * 86400
    is_locked        = var.lock_retention
  }
  soft_delete_policy {
    retention_duration_seconds = 604800
  }
  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      default_kms_key_name = encryption.value
    }
  }

  # Cheap after a month, gone after their time.
  lifecycle_rule {
    action {
      type          = "SetStorageClass"
      storage_class = "NEARLINE"
    }
    condition {
      age                   = 30
      matches_storage_class = ["STANDARD"]
    }
  }
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = var.delete_days
    }
  }
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = var.retention_days
      with_state                 = "ARCHIVED"
    }
  }
  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 1
    }
  }
}

# Whoever writes backups cannot take one away.
resource "google_service_account" "writer" {
  project      = var.project_id
  account_id   = "${var.name}-backups"
  display_name = "LifeVerse: writes backups"
}

resource "google_storage_bucket_iam_member" "writer" {
  for_each = toset(["roles/storage.objectCreator", "roles/storage.objectViewer"])

  bucket = google_storage_bucket.this.name
  role   = each.value
  member = google_service_account.writer.member
}

resource "google_service_account_iam_member" "writer" {
  service_account_id = google_service_account.writer.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${var.project_id}.svc.id.goog[lifeverse-services/backups]"
}

# Kubernetes' objects and volumes. Secrets are left out: they come from Secret Manager, and a backup of them would be one more place to guard.
resource "google_gke_backup_backup_plan" "cluster" {
  for_each = var.clusters

  project  = var.project_id
  name     = "${var.name}-${each.key}"
  cluster  = each.value
  location = var.backup_locations[each.key]
  labels   = var.labels

  retention_policy {
    backup_delete_lock_days = var.protected ? 7 : 0
    backup_retain_days      = var.retention_days
    locked                  = var.lock_retention
  }
  backup_schedule {
    cron_schedule = "17 2 * * *"
  }
  backup_config {
    all_namespaces      = true
    include_volume_data = true
    include_secrets     = false
    dynamic "encryption_key" {
      for_each = try([var.kms_keys[var.backup_locations[each.key]]], [])
      content {
        gcp_kms_encryption_key = encryption_key.value
      }
    }
  }
}

# The way back is ready before it is needed: what is there stays, what is missing comes back.
resource "google_gke_backup_restore_plan" "cluster" {
  for_each = var.clusters

  project     = var.project_id
  name        = "${var.name}-${each.key}"
  location    = var.backup_locations[each.key]
  backup_plan = google_gke_backup_backup_plan.cluster[each.key].id
  cluster     = each.value
  labels      = var.labels

  restore_config {
    selected_namespaces {
      namespaces = ["lifeverse", "lifeverse-services"]
    }
    namespaced_resource_restore_mode = "MERGE_SKIP_ON_CONFLICT"
    volume_data_restore_policy       = "RESTORE_VOLUME_DATA_FROM_BACKUP"
    cluster_resource_restore_scope {
      no_group_kinds = true
    }
    cluster_resource_conflict_policy = "USE_EXISTING_VERSION"
  }
}
