# What prod is, smaller: two regions, keys of its own, everything that prod has but its size and its locks.

module "environment" {
  source = "../../modules/environment"

  environment     = "staging"
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
    release_channel = "REGULAR"
    # A week ahead of prod: what breaks, breaks here.
    maintenance            = { start = "2026-01-05T06:00:00Z", end = "2026-01-05T12:00:00Z", recurrence = "FREQ=WEEKLY;BYDAY=MO,TU" }
    game_server_soak       = { batch = 0.5, batch_soak = "600s", pool = "1800s" }
    maintenance_exclusions = var.maintenance_exclusions
    authenticator_group    = var.authenticator_group
  }
  node_pools = {
    services = { machine_type = "e2-standard-4", min_per_zone = 1, max_per_zone = 4 }
    agones   = { machine_type = "e2-standard-2", min_per_zone = 1, max_per_zone = 2 }
    metrics  = { machine_type = "e2-standard-2", min_per_zone = 0, max_per_zone = 1 }
  }
  game_server_pools = var.game_server_pools

  encrypt_with_own_keys = true
  mongo                 = { org_id = var.mongodbatlas_org_id, instance_size = "M10", point_in_time_days = 2 }
  redis                 = { node_type = "SHARED_CORE_NANO", replicas = 1 }

  edge = {
    udp_ddos_protection = false
    quilkin             = var.quilkin
  }
  backups = {
    location       = "EU"
    data_locations = ["EUROPE-WEST1", "EUROPE-WEST4"]
    retention_days = 7
    delete_days    = 30
  }
  logs = { retention_days = 30, security_retention_days = 90 }

  alert_emails   = var.alert_emails
  budget         = var.budget
  secret_version = var.secret_version
}
