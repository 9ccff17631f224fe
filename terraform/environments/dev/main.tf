# Small and cheap: one region, one zone, spot machines, the smallest databases. Nothing in it is worth keeping.

module "environment" {
  source = "../../modules/environment"

  environment     = "dev"
  protected       = var.protected
  project_id      = var.project_id
  create_project  = var.create_project
  billing_account = var.billing_account
  organization    = var.organization
  folder          = var.folder
  domain          = var.domain
  regions         = var.regions
  primary_region  = var.primary_region
  game_ports      = var.game_ports

  cluster = {
    release_channel        = "REGULAR"
    maintenance            = { start = "2026-01-01T02:00:00Z", end = "2026-01-01T08:00:00Z", recurrence = "FREQ=DAILY" }
    game_server_soak       = { batch = 1, batch_soak = "60s", pool = "300s" }
    maintenance_exclusions = var.maintenance_exclusions
    authenticator_group    = var.authenticator_group
  }
  node_pools = {
    services = { machine_type = "e2-standard-4", min_per_zone = 1, max_per_zone = 3, spot = true }
    agones   = { machine_type = "e2-medium", min_per_zone = 1, max_per_zone = 2, spot = true }
    # Google collects; there is nothing of our own to run there.
    metrics = { machine_type = "e2-medium", min_per_zone = 0, max_per_zone = 0 }
  }
  game_server_pools = var.game_server_pools

  encrypt_with_own_keys = false
  mongo                 = { org_id = var.mongodbatlas_org_id, instance_size = "M10", point_in_time_days = 1 }
  redis                 = { node_type = "SHARED_CORE_NANO", replicas = 0 }

  edge = {
    udp_ddos_protection = false
    quilkin             = var.quilkin
  }
  backups = {
    location       = "EU"
    data_locations = ["EUROPE-WEST1", "EUROPE-WEST4"]
    retention_days = 1
    delete_days    = 14
  }
  logs = { retention_days = 7, security_retention_days = 30, flow_sampling = 0.01 }

  alert_emails   = var.alert_emails
  budget         = var.budget
  secret_version = var.secret_version
}
