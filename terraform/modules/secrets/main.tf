# Secrets in Secret Manager. Values that Terraform knows are written without being kept in its state; of the others only the place is made
# here, and the deployment puts a random value in.

locals {
  names = { for name in var.names : name => "lifeverse-${var.environment}-${name}" }
}

resource "google_secret_manager_secret" "this" {
  for_each = local.names

  project             = var.project_id
  secret_id           = each.value
  labels              = var.labels
  version_destroy_ttl = "604800s"

  replication {
    user_managed {
      dynamic "replicas" {
        for_each = var.locations
        content {
          location = replicas.value
          dynamic "customer_managed_encryption" {
            for_each = var.kms_keys == null ? [] : [var.kms_keys[replicas.value]]
            content {
              kms_key_name = customer_managed_encryption.value
            }
          }
        }
      }
    }
  }
}

resource "google_secret_manager_secret_version" "given" {
  for_each = var.given

  secret                 = google_secret_manager_secret.this[each.key].id
  secret_data_wo         = var.values[each.key]
  secret_data_wo_version = each.value
  deletion_policy        = "DISABLE"
}

resource "google_secret_manager_secret_iam_member" "reader" {
  for_each = {
    for pair in setproduct(keys(local.names), keys(var.readers)) : "${pair[0]} ${pair[1]}" => { name = pair[0], member = var.readers[pair[1]] }
  }

  project   = var.project_id
  secret_id = google_secret_manager_secret.this[each.value.name].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = each.value.member
}
