# What players use: three regions, MongoDB in three, services in two, protected from deletion.

module "environment" {
  source = "../../modules/environment"

  environment     = "prod"
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
    release_channel = "STABLE"
    # The hours in which the fewest play, in the week's middle.
    maintenance = { start = "2026-01-06T06:00:00Z", end = "2026-01-06T12:00:00Z", recurrence = "FREQ=WEEKLY;BYDAY=TU,WE" }
    # A session of six hours ends by itself before its node goes.
    game_server_soak       = { batch = 0.2, batch_soak = "3600s", pool = "21600s" }
    maintenance_exclusions = var.maintenance_exclusions
    authenticator_group    = var.authenticator_group
  }
  node_pools = {
    services = { machine_type = "n2d-standard-4", min_per_zone = 1, max_per_zone = 10 }
    agones   = { machine_type = "n2d-standard-4", min_per_zone = 1, max_per_zone = 2 }
    metrics  = { machine_type = "n2d-standard-2", min_per_zone = 0, max_per_zone = 2 }
  }
  game_server_pools = var.game_server_pools

  encrypt_with_own_keys = true
  mongo = {
    org_id            = var.mongodbatlas_org_id
    instance_size     = "M40"
    max_instance_size = "M60"
    # A majority remains when any one region is gone; the primary stays near the services.
    regions = [
      { region = "europe-west1", nodes = 2 },
      { region = "us-east1", nodes = 2 },
      { region = "asia-northeast1", nodes = 1 },
    ]
    point_in_time_days = 7
  }
  redis = { node_type = "STANDARD_SMALL", replicas = 1 }

  edge = {
    udp_ddos_protection = true
    quilkin             = var.quilkin
  }
  backups = {
    location       = "EU"
    data_locations = ["EUROPE-WEST1", "EUROPE-WEST4"]
    retention_days = 30
    delete_days    = 365
    lock_retention = var.lock_retention
    turbo          = true
  }
  logs = { retention_days = 30, security_retention_days = 400, lock_retention = var.lock_retention }

  alert_emails   = var.alert_emails
  budget         = var.budget
  secret_version = var.secret_version
}
