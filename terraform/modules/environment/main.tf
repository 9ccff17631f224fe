# One environment, whole: every root in terraform/environments is this with values of its own.

locals {
  name   = "lifeverse-${var.environment}"
  labels = { app = "lifeverse", environment = var.environment }

  service_regions = toset([for name, region in var.regions : name if region.services])
  # More than one region with services: one Gateway over several clusters.
  is_multi_region = length(local.service_regions) > 1
  # More than one region at all: clusters are members of the project's fleet, in which those without services find those of others.
  is_fleet      = length(var.regions) > 1
  mongo_regions = coalesce(var.mongo.regions, [{ region = var.primary_region, nodes = 3 }])
  apis          = toset(["allocator", "accounts", "matchmaker", "saves"])

  # Keys where data lies: each region, and the bucket of backups in its two.
  key_locations    = var.encrypt_with_own_keys ? setunion(keys(var.regions), [lower(var.backups.location)], local.backup_locations) : toset([])
  backup_locations = toset([for name, region in var.regions : region.backup_location if region.backup_location != null])
  keys             = var.encrypt_with_own_keys ? module.kms[0].keys : {}

  services = toset([
    "artifactregistry.googleapis.com",
    "billingbudgets.googleapis.com",
    "binaryauthorization.googleapis.com",
    "certificatemanager.googleapis.com",
    "cloudbilling.googleapis.com",
    "cloudkms.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "compute.googleapis.com",
    "container.googleapis.com",
    "containerscanning.googleapis.com",
    "dns.googleapis.com",
    "gkebackup.googleapis.com",
    "gkehub.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "memorystore.googleapis.com",
    "monitoring.googleapis.com",
    "multiclusteringress.googleapis.com",
    "multiclusterservicediscovery.googleapis.com",
    "networkconnectivity.googleapis.com",
    "pubsub.googleapis.com",
    "secretmanager.googleapis.com",
    "serviceconsumermanagement.googleapis.com",
    "storage.googleapis.com",
    "trafficdirector.googleapis.com",
  ])
}

module "project" {
  source = "../project"

  project_id      = var.project_id
  create          = var.create_project
  protected       = var.protected
  billing_account = var.billing_account
  organization    = var.organization
  folder          = var.folder
  services        = local.services
  labels          = local.labels
}

module "kms" {
  source = "../kms"
  count  = var.encrypt_with_own_keys ? 1 : 0

  project_id = module.project.project_id
  name       = local.name
  locations  = local.key_locations
  users = toset([
    "artifactregistry.googleapis.com", "container.googleapis.com", "gkebackup.googleapis.com",
    "memorystore.googleapis.com", "secretmanager.googleapis.com",
  ])
  agents = {
    for name, domain in {
      compute           = "compute-system"
      container         = "container-engine-robot"
      artifact-registry = "gcp-sa-artifactregistry"
      gke-backup        = "gcp-sa-gkebackup"
      memorystore       = "gcp-sa-memorystore"
      secret-manager    = "gcp-sa-secretmanager"
      storage           = "gs-project-accounts"
    } : name => "service-${module.project.number}@${domain}.iam.gserviceaccount.com"
  }
}

module "network" {
  source = "../network"

  project_id    = module.project.project_id
  name          = local.name
  regions       = { for name, region in var.regions : name => { network_index = region.network_index } }
  game_ports    = var.game_ports
  flow_sampling = var.logs.flow_sampling
}

module "registry" {
  source = "../registry"

  project_id = module.project.project_id
  location   = var.primary_region
  kms_key    = lookup(local.keys, var.primary_region, null)
  readers    = { nodes = google_service_account.nodes.member }
  labels     = local.labels
}

module "region" {
  source   = "../gke-region"
  for_each = var.regions

  project_id             = module.project.project_id
  name                   = "${local.name}-${each.key}"
  region                 = each.key
  zones                  = each.value.zones
  network                = module.network.network
  subnetwork             = module.network.subnetworks[each.key]
  game_server_tag        = module.network.game_server_tag
  node_service_account   = google_service_account.nodes.email
  deletion_protection    = var.protected
  release_channel        = var.cluster.release_channel
  maintenance            = var.cluster.maintenance
  maintenance_exclusions = var.cluster.maintenance_exclusions
  authenticator_group    = var.cluster.authenticator_group
  notification_topic     = google_pubsub_topic.upgrades.id
  node_pools             = var.node_pools
  game_server_pools      = var.game_server_pools
  game_server_soak       = var.cluster.game_server_soak
  kms_key                = lookup(local.keys, each.key, null)
  disk_kms_key           = lookup(local.keys, each.key, null)
  backup_agent           = each.value.backup_location != null
  fleet_member           = local.is_fleet
  labels                 = local.labels

  depends_on = [google_project_iam_member.nodes]
}

module "edge_udp" {
  source = "../edge-udp"

  project_id      = module.project.project_id
  name            = local.name
  regions         = toset(keys(var.regions))
  ddos_protection = var.edge.udp_ddos_protection
  quilkin         = var.edge.quilkin
}

module "edge_http" {
  source = "../edge-http"

  project_id      = module.project.project_id
  name            = local.name
  domain          = var.domain
  apis            = local.apis
  denied_ranges   = var.edge.denied_ranges
  rate_per_minute = var.edge.rate_per_minute
  protected       = var.protected
  labels          = local.labels
}

module "mongo" {
  source = "../data-mongo"

  project_id           = module.project.project_id
  org_id               = var.mongo.org_id
  name                 = local.name
  regions              = local.mongo_regions
  instance_size        = var.mongo.instance_size
  max_instance_size    = var.mongo.max_instance_size
  point_in_time_days   = var.mongo.point_in_time_days
  protected            = var.protected
  databases            = local.apis
  network              = module.network.network
  endpoint_subnetworks = { for each in local.mongo_regions : each.region => module.network.endpoint_subnetworks[each.region] }
  password             = ephemeral.random_password.mongo.result
  password_version     = var.secret_version
  labels               = local.labels
}

module "redis" {
  source   = "../data-redis"
  for_each = local.service_regions

  project_id          = module.project.project_id
  name                = local.name
  region              = each.value
  network             = module.network.network
  endpoint_subnetwork = module.network.endpoint_subnetworks[each.value]
  node_type           = var.redis.node_type
  replicas            = var.redis.replicas
  authorization_mode  = var.redis.authorization_mode
  protected           = var.protected
  kms_key             = lookup(local.keys, each.value, null)
  labels              = local.labels
}

module "backups" {
  source = "../backups"

  project_id       = module.project.project_id
  name             = local.name
  bucket_name      = "${module.project.project_id}-${local.name}-backups"
  location         = var.backups.location
  data_locations   = var.backups.data_locations
  turbo            = var.backups.turbo
  retention_days   = var.backups.retention_days
  delete_days      = var.backups.delete_days
  lock_retention   = var.backups.lock_retention
  protected        = var.protected
  clusters         = { for name, region in var.regions : name => module.region[name].id if region.backup_location != null }
  backup_locations = { for name, region in var.regions : name => region.backup_location if region.backup_location != null }
  kms_key          = lookup(local.keys, lower(var.backups.location), null)
  kms_keys         = local.keys
  labels           = local.labels
}

module "observability" {
  source = "../observability"

  project_id              = module.project.project_id
  environment             = var.environment
  log_location            = var.primary_region
  log_retention_days      = var.logs.retention_days
  security_retention_days = var.logs.security_retention_days
  lock_retention          = var.logs.lock_retention
  hosts                   = module.edge_http.hosts
  alert_emails            = var.alert_emails
  backup_plans            = module.backups.plans
  udp_proxies             = var.edge.quilkin
}

module "budget" {
  source = "../budget"

  billing_account       = var.billing_account
  project_number        = module.project.number
  name                  = local.name
  monthly_amount        = var.budget.monthly_amount
  currency              = var.budget.currency
  notification_channels = module.observability.notification_channels
}
