# MongoDB Atlas: one replica set over the regions that are asked for, reached from each by private endpoints only.

locals {
  atlas_regions = {
    "us-central1"             = "CENTRAL_US"
    "us-east1"                = "EASTERN_US"
    "us-east4"                = "US_EAST_4"
    "us-east5"                = "US_EAST_5"
    "us-south1"               = "US_SOUTH_1"
    "us-west1"                = "WESTERN_US"
    "us-west2"                = "US_WEST_2"
    "us-west3"                = "US_WEST_3"
    "us-west4"                = "US_WEST_4"
    "northamerica-northeast1" = "NORTH_AMERICA_NORTHEAST_1"
    "southamerica-east1"      = "SOUTH_AMERICA_EAST_1"
    "europe-central2"         = "EUROPE_CENTRAL_2"
    "europe-north1"           = "EUROPE_NORTH_1"
    "europe-southwest1"       = "EUROPE_SOUTHWEST_1"
    "europe-west1"            = "WESTERN_EUROPE"
    "europe-west2"            = "EUROPE_WEST_2"
    "europe-west3"            = "EUROPE_WEST_3"
    "europe-west4"            = "EUROPE_WEST_4"
    "europe-west6"            = "EUROPE_WEST_6"
    "europe-west8"            = "EUROPE_WEST_8"
    "europe-west9"            = "EUROPE_WEST_9"
    "asia-east1"              = "EASTERN_ASIA_PACIFIC"
    "asia-east2"              = "ASIA_EAST_2"
    "asia-northeast1"         = "NORTHEASTERN_ASIA_PACIFIC"
    "asia-northeast2"         = "ASIA_NORTHEAST_2"
    "asia-northeast3"         = "ASIA_NORTHEAST_3"
    "asia-south1"             = "ASIA_SOUTH_1"
    "asia-southeast1"         = "SOUTHEASTERN_ASIA_PACIFIC"
    "australia-southeast1"    = "AUSTRALIA_SOUTHEAST_1"
  }
}

resource "mongodbatlas_project" "this" {
  name                         = var.name
  org_id                       = var.org_id
  with_default_alerts_settings = true
  tags                         = var.labels
}

resource "mongodbatlas_advanced_cluster" "this" {
  project_id             = mongodbatlas_project.this.id
  name                   = var.name
  cluster_type           = "REPLICASET"
  mongo_db_major_version = "8.0"

  backup_enabled                 = true
  pit_enabled                    = true
  retain_backups_enabled         = var.protected
  termination_protection_enabled = var.protected

  replication_specs = [{
    region_configs = [for index, each in var.regions : {
      provider_name = "GCP"
      region_name   = local.atlas_regions[each.region]
      # The first is preferred for the primary: 7, then 6, then 5.
      priority        = 7 - index
      electable_specs = { instance_size = var.instance_size, node_count = each.nodes }
      auto_scaling = {
        disk_gb_enabled            = true
        compute_enabled            = var.max_instance_size != null
        compute_scale_down_enabled = var.max_instance_size != null
        compute_min_instance_size  = var.max_instance_size == null ? null : var.instance_size
        compute_max_instance_size  = var.max_instance_size
      }
    }]
  }]
  # Atlas scales by itself between the two sizes, and the provider takes what it finds for what was meant.
  use_effective_fields = var.max_instance_size != null

  advanced_configuration = {
    minimum_enabled_tls_protocol = "TLS1_2"
    javascript_enabled           = false
    # A write that was acknowledged is on a majority of the nodes, and so in two regions where there are three.
    default_write_concern     = "majority"
    oplog_min_retention_hours = 24
  }
  tags = var.labels
}

resource "mongodbatlas_cloud_backup_schedule" "this" {
  project_id               = mongodbatlas_project.this.id
  cluster_name             = mongodbatlas_advanced_cluster.this.name
  reference_hour_of_day    = 3
  reference_minute_of_hour = 0
  restore_window_days      = var.point_in_time_days

  policy_item_hourly {
    frequency_interval = 6
    retention_unit     = "days"
    retention_value    = max(7, var.point_in_time_days)
  }
  policy_item_daily {
    frequency_interval = 1
    retention_unit     = "days"
    retention_value    = max(14, var.point_in_time_days)
  }
  policy_item_weekly {
    frequency_interval = 7
    retention_unit     = "weeks"
    retention_value    = var.protected ? 8 : 4
  }
  policy_item_monthly {
    frequency_interval = 40
    retention_unit     = "months"
    retention_value    = var.protected ? 12 : 3
  }
}

resource "mongodbatlas_maintenance_window" "this" {
  project_id  = mongodbatlas_project.this.id
  day_of_week = 3
  hour_of_day = 5
}

# The services' user. Its password is written and not kept: neither plan nor state has it. It is made last, right before the secret that
# tells the services the same password.
resource "mongodbatlas_database_user" "services" {
  project_id          = mongodbatlas_project.this.id
  username            = "lifeverse"
  password_wo         = var.password
  password_wo_version = var.password_version
  auth_database_name  = "admin"

  dynamic "roles" {
    for_each = var.databases
    content {
      role_name     = "readWrite"
      database_name = roles.value
    }
  }
  scopes {
    name = mongodbatlas_advanced_cluster.this.name
    type = "CLUSTER"
  }

  depends_on = [data.mongodbatlas_advanced_cluster.connected]
}
