# Keys of our own, one ring per location: whoever holds a disk or a bucket without the key has nothing.

resource "google_kms_key_ring" "this" {
  for_each = var.locations

  project  = var.project_id
  name     = var.name
  location = each.value
}

resource "google_kms_crypto_key" "this" {
  #checkov:skip=CKV_GCP_82:prevent_destroy cannot depend on the environment; prod is guarded as a whole (modules/environment/guard.tf), and a destroyed version stays restorable for 30 days.
  for_each = var.locations

  name                       = "lifeverse"
  key_ring                   = google_kms_key_ring.this[each.key].id
  rotation_period            = "7776000s"
  destroy_scheduled_duration = "2592000s"
  purpose                    = "ENCRYPT_DECRYPT"
  version_template {
    algorithm        = "GOOGLE_SYMMETRIC_ENCRYPTION"
    protection_level = "SOFTWARE"
  }
}

# Google's services act through agents of their own; making them here spares the first apply a wait for each.
resource "google_project_service_identity" "agent" {
  provider = google-beta
  for_each = var.users

  project = var.project_id
  service = each.value
}

resource "google_kms_crypto_key_iam_member" "agent" {
  for_each = {
    for pair in setproduct(var.locations, keys(var.agents)) : "${pair[0]} ${pair[1]}" => { location = pair[0], agent = pair[1] }
  }

  crypto_key_id = google_kms_crypto_key.this[each.value.location].id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:${var.agents[each.value.agent]}"
  depends_on    = [google_project_service_identity.agent]
}
