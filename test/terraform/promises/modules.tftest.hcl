# What modules refuse, and what they promise beyond what an environment shows. They are run from an environment's root, which has all providers.

mock_provider "google" {}
mock_provider "google-beta" {}

variables {
  project_id  = "lifeverse-test"
  name        = "lifeverse-test"
  environment = "prod"
}

run "network_keeps_a_regions_ranges_when_another_is_added" {
  command = plan
  module {
    source = "../../modules/network"
  }
  variables {
    regions    = { "europe-west1" = { network_index = 3 }, "asia-east1" = { network_index = 1 } }
    game_ports = { min = 7000, max = 8000 }
  }
  assert {
    condition     = google_compute_subnetwork.region["europe-west1"].ip_cidr_range == cidrsubnet("10.0.0.0/11", 9, 3)
    error_message = "The range does not follow from the region's index alone."
  }
}

run "network_refuses_two_regions_in_one_place" {
  command = plan
  module {
    source = "../../modules/network"
  }
  variables {
    regions    = { "europe-west1" = { network_index = 1 }, "asia-east1" = { network_index = 1 } }
    game_ports = { min = 7000, max = 8000 }
  }
  expect_failures = [var.regions]
}

run "network_refuses_privileged_game_ports" {
  command = plan
  module {
    source = "../../modules/network"
  }
  variables {
    regions    = { "europe-west1" = { network_index = 1 } }
    game_ports = { min = 80, max = 8000 }
  }
  expect_failures = [var.game_ports]
}

run "gke_region_keeps_upgrades_out_of_an_exclusion" {
  command = plan
  module {
    source = "../../modules/gke-region"
  }
  variables {
    region                 = "europe-west1"
    network                = "network"
    subnetwork             = "subnetwork"
    game_server_tag        = "game"
    node_service_account   = "nodes@lifeverse-test.iam.gserviceaccount.com"
    deletion_protection    = true
    release_channel        = "STABLE"
    backup_agent           = true
    maintenance            = { start = "2026-01-06T06:00:00Z", end = "2026-01-06T12:00:00Z", recurrence = "FREQ=WEEKLY;BYDAY=TU" }
    maintenance_exclusions = { launch = { start = "2027-03-01T00:00:00Z", end = "2027-03-15T00:00:00Z" } }
    node_pools = {
      services = { machine_type = "e2-standard-4", min_per_zone = 1, max_per_zone = 3 }
      agones   = { machine_type = "e2-standard-2", min_per_zone = 1, max_per_zone = 2 }
      metrics  = { machine_type = "e2-standard-2", min_per_zone = 0, max_per_zone = 0 }
    }
    game_server_pools = { big = { machine_type = "c3d-standard-8", min_per_zone = 0, max_per_zone = 5 }, small = { machine_type = "n2d-standard-4", min_per_zone = 0, max_per_zone = 5 } }
  }
  assert {
    condition     = one(google_container_cluster.this.maintenance_policy[0].maintenance_exclusion).exclusion_options[0].scope == "NO_MINOR_OR_NODE_UPGRADES"
    error_message = "Nodes may be upgraded during the launch."
  }
  assert {
    condition     = sort(keys(google_container_node_pool.this)) == tolist(["agones", "game-servers-big", "game-servers-small", "services"])
    error_message = "A pool is missing, or one without room is made."
  }
}

run "gke_region_refuses_an_old_kubernetes_and_a_window_that_is_too_short" {
  command = plan
  module {
    source = "../../modules/gke-region"
  }
  variables {
    region               = "europe-west1"
    network              = "network"
    subnetwork           = "subnetwork"
    game_server_tag      = "game"
    node_service_account = "nodes@lifeverse-test.iam.gserviceaccount.com"
    deletion_protection  = true
    release_channel      = "NEWEST"
    backup_agent         = true
    min_version          = "1.32"
    maintenance          = { start = "2026-01-06T06:00:00Z", end = "2026-01-06T07:00:00Z", recurrence = "FREQ=WEEKLY;BYDAY=TU" }
    node_pools = {
      services = { machine_type = "e2-standard-4", min_per_zone = 3, max_per_zone = 1 }
      agones   = { machine_type = "e2-standard-2", min_per_zone = 1, max_per_zone = 2 }
      metrics  = { machine_type = "e2-standard-2", min_per_zone = 0, max_per_zone = 0 }
    }
    game_server_pools = {}
  }
  expect_failures = [var.release_channel, var.min_version, var.maintenance, var.node_pools, var.game_server_pools]
}

run "data_redis_refuses_passwords_that_memorystore_does_not_have" {
  command = plan
  module {
    source = "../../modules/data-redis"
  }
  variables {
    region              = "europe-west1"
    network             = "network"
    endpoint_subnetwork = "endpoints"
    node_type           = "LARGE"
    replicas            = 1
    protected           = true
    authorization_mode  = "PASSWORD"
  }
  expect_failures = [var.authorization_mode, var.node_type]
}

run "data_redis_gives_the_address_that_takes_writes" {
  module {
    source = "../../modules/data-redis"
  }
  variables {
    region              = "europe-west1"
    network             = "network"
    endpoint_subnetwork = "endpoints"
    node_type           = "STANDARD_SMALL"
    replicas            = 1
    protected           = false
  }
  override_resource {
    target = google_memorystore_instance.this
    values = {
      managed_server_ca = [{ ca_certs = [{ certificates = ["CERTIFICATE"] }] }]
      endpoints = [{
        connections = [
          {
            psc_auto_connection = [{
              connection_type   = "CONNECTION_TYPE_READER", forwarding_rule = "", ip_address = "10.48.0.8", network = "", port = 6379, project_id = ""
              psc_connection_id = "", service_attachment = ""
            }]
          },
          {
            psc_auto_connection = [{
              connection_type   = "CONNECTION_TYPE_PRIMARY", forwarding_rule = "", ip_address = "10.48.0.9", network = "", port = 6379, project_id = ""
              psc_connection_id = "", service_attachment = ""
            }]
          },
        ]
      }]
    }
  }
  assert {
    condition     = output.url == "rediss://10.48.0.9:6379" && output.ca == "CERTIFICATE"
    error_message = "The address is the readers', or has no TLS."
  }
  assert {
    condition     = google_memorystore_instance.this.authorization_mode == "IAM_AUTH"
    error_message = "Without being asked it lets everybody in."
  }
}

run "backups_refuses_one_region_and_a_deletion_before_its_time" {
  command = plan
  module {
    source = "../../modules/backups"
  }
  variables {
    bucket_name      = "lifeverse-test-backups"
    location         = "EU"
    data_locations   = ["EUROPE-WEST1"]
    retention_days   = 30
    delete_days      = 30
    protected        = true
    clusters         = { "europe-west1" = "cluster" }
    backup_locations = { "europe-west1" = "europe-west1" }
  }
  expect_failures = [var.data_locations, var.delete_days, var.backup_locations]
}

run "edge_udp_gives_quilkin_an_address_per_region_when_asked" {
  command = plan
  module {
    source = "../../modules/edge-udp"
  }
  variables {
    regions         = ["europe-west1", "us-east1"]
    ddos_protection = false
    quilkin         = true
  }
  assert {
    condition     = length(google_compute_address.quilkin) == 2 && length(google_compute_network_edge_security_service.this) == 0
    error_message = "There are other addresses than asked for, or protection that nobody asked for."
  }
}

run "edge_http_refuses_a_domain_that_is_none_and_limits_that_limit_nothing" {
  command = plan
  module {
    source = "../../modules/edge-http"
  }
  variables {
    domain          = "example.com."
    apis            = ["accounts"]
    protected       = true
    rate_per_minute = { accounts = 1, others = 1000000 }
    denied_ranges   = ["everybody"]
  }
  expect_failures = [var.domain, var.rate_per_minute, var.denied_ranges]
}

run "observability_refuses_to_keep_security_events_for_less_than_the_rest" {
  command = plan
  module {
    source = "../../modules/observability"
  }
  variables {
    log_location            = "europe-west1"
    log_retention_days      = 30
    security_retention_days = 7
    hosts                   = {}
    alert_emails            = ["nobody"]
    backup_plans            = ["any.*"]
    udp_proxies             = false
  }
  expect_failures = [var.security_retention_days, var.alert_emails, var.backup_plans]
}

run "observability_watches_udp_proxies_where_they_stand_and_backups_where_there_are_plans" {
  command = plan
  module {
    source = "../../modules/observability"
  }
  variables {
    log_location            = "europe-west1"
    log_retention_days      = 7
    security_retention_days = 30
    hosts                   = {}
    alert_emails            = []
    backup_plans            = ["lifeverse-dev-europe-west1", "lifeverse-dev-us-east1"]
    udp_proxies             = true
  }
  assert {
    condition     = length([for name in keys(google_monitoring_alert_policy.promql) : name if startswith(name, "udp-")]) == 5
    error_message = "UDP proxies are not watched."
  }
  assert {
    condition     = strcontains(google_monitoring_alert_policy.promql["cluster-backup-missing"].conditions[0].condition_prometheus_query_language[0].query, "cluster_name=~\"lifeverse-dev-europe-west1|lifeverse-dev-us-east1\"")
    error_message = "Backups are missed of other clusters than those with a plan."
  }
  assert {
    condition     = contains(keys(google_monitoring_alert_policy.log), "cluster-backup-failed")
    error_message = "A failed backup is told to nobody."
  }
}

run "project_refuses_ids_that_google_refuses" {
  command = plan
  module {
    source = "../../modules/project"
  }
  variables {
    project_id      = "Game"
    billing_account = "mine"
    protected       = false
    services        = []
  }
  expect_failures = [var.project_id, var.billing_account]
}

run "budget_refuses_to_allow_nothing" {
  command = plan
  module {
    source = "../../modules/budget"
  }
  variables {
    billing_account = "0A0A0A-0B0B0B-0C0C0C"
    project_number  = "1"
    monthly_amount  = 0
  }
  expect_failures = [var.monthly_amount]
}
