# Accounts of Google's that our processes act as, and what each may do; nobody has a key file.

resource "google_service_account" "nodes" {
  project      = module.project.project_id
  account_id   = "${local.name}-nodes"
  display_name = "LifeVerse ${var.environment}: nodes of GKE"
}

resource "google_project_iam_member" "nodes" {
  for_each = toset(["roles/container.defaultNodeServiceAccount"])

  project = module.project.project_id
  role    = each.value
  member  = google_service_account.nodes.member
}

# The allocator speaks to clusters in other regions, and to Redis, as this account. IAM lets it connect to clusters, and nothing more; what it
# may do there is each cluster's RBAC (fleets/base/game-servers). Redis lets it in below.
resource "google_service_account" "allocator" {
  project      = module.project.project_id
  account_id   = "${local.name}-allocator"
  display_name = "LifeVerse ${var.environment}: the allocator"
}

resource "google_project_iam_custom_role" "connects" {
  project     = module.project.project_id
  role_id     = "lifeverseConnects"
  title       = "LifeVerse: connects to clusters"
  description = "Reaches control planes by their DNS endpoint; what may be done there is up to RBAC."
  permissions = ["container.clusters.connect", "container.clusters.get"]
}

resource "google_project_iam_member" "allocator" {
  project = module.project.project_id
  role    = google_project_iam_custom_role.connects.name
  member  = google_service_account.allocator.member
}

# Into every Memorystore of the project, which is the environment's own and has those of this configuration only. Any number of accounts are
# one to Memorystore, its user `default`; and it knows accounts, no principals of the pool of workload identities.
resource "google_project_iam_member" "redis" {
  for_each = var.redis.authorization_mode == "IAM_AUTH" ? { allocator = google_service_account.allocator.member } : {}

  project = module.project.project_id
  role    = "roles/memorystore.dbConnectionUser"
  member  = each.value
}

resource "google_service_account_iam_member" "allocator" {
  service_account_id = google_service_account.allocator.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${module.project.project_id}.svc.id.goog[lifeverse-services/allocator]"
}

# Backup for GKE, streaming of images and the rest act as Google's own agents. Upgrades are told here; whoever wants to drain sessions
# before them subscribes.
resource "google_pubsub_topic" "upgrades" {
  #checkov:skip=CKV_GCP_83:The messages tell of upgrades and hold no data of ours.
  project                    = module.project.project_id
  name                       = "${local.name}-upgrades"
  labels                     = local.labels
  message_retention_duration = "604800s"
}
