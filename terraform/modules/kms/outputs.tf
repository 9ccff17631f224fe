# Written out and not asked of Google, so that a plan knows where a key is used.
output "keys" {
  description = "Location → id of its key, once the agents may use it."
  value = {
    for location in var.locations : location => "projects/${var.project_id}/locations/${location}/keyRings/${var.name}/cryptoKeys/lifeverse"
  }
  depends_on = [google_kms_crypto_key_iam_member.agent]
}
