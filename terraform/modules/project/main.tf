# The project itself, where it is to be made here, and what holds for all of it: APIs, audit logs, who may log in to machines.

resource "google_project" "this" {
  #checkov:skip=CKV2_GCP_5:Reads and writes are logged where a reader matters: secrets, keys, clusters, backups. All services together would be noise that is paid for.
  count = var.create ? 1 : 0

  project_id          = var.project_id
  name                = var.project_id
  billing_account     = var.billing_account
  org_id              = var.folder == null ? var.organization : null
  folder_id           = var.folder
  auto_create_network = false
  deletion_policy     = var.protected ? "PREVENT" : "DELETE"
  labels              = var.labels
}

resource "google_project_service" "this" {
  for_each = var.services

  project            = var.project_id
  service            = each.value
  disable_on_destroy = false
  depends_on         = [google_project.this]
}

data "google_project" "this" {
  project_id = var.project_id
  depends_on = [google_project_service.this]
}

# Who read a secret, decrypted with a key, or looked into a cluster.
resource "google_project_iam_audit_config" "reads" {
  for_each = toset(["secretmanager.googleapis.com", "cloudkms.googleapis.com", "container.googleapis.com", "storage.googleapis.com"])

  project = var.project_id
  service = each.value
  audit_log_config {
    log_type = "DATA_READ"
  }
  audit_log_config {
    log_type = "DATA_WRITE"
  }
  depends_on = [google_project_service.this]
}

# Machines are reached by IAM or not at all: no keys in metadata, no serial console.
resource "google_compute_project_metadata" "this" {
  project = var.project_id
  metadata = {
    enable-oslogin         = "TRUE"
    block-project-ssh-keys = "TRUE"
    serial-port-enable     = "FALSE"
  }
  depends_on = [google_project_service.this]
}
