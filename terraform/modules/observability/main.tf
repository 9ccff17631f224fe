# Where logs go and how long they stay, what wakes somebody up, and a look from outside.

resource "google_monitoring_notification_channel" "email" {
  for_each = var.alert_emails

  project      = var.project_id
  display_name = "LifeVerse ${var.environment}: ${each.value}"
  type         = "email"
  labels       = { email_address = each.value }
}

# Logs

resource "google_logging_project_bucket_config" "services" {
  project          = var.project_id
  location         = var.log_location
  bucket_id        = "lifeverse"
  description      = "What services, bridges and game servers say"
  retention_days   = var.log_retention_days
  enable_analytics = true
}

# Security events are kept longer, and where the retention is locked, longer than anybody can change.
resource "google_logging_project_bucket_config" "security" {
  project          = var.project_id
  location         = var.log_location
  bucket_id        = "lifeverse-security"
  description      = "Who did what: audit logs and the services' security events"
  retention_days   = var.security_retention_days
  locked           = var.lock_retention
  enable_analytics = true
}

resource "google_logging_project_sink" "services" {
  project                = var.project_id
  name                   = "lifeverse"
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.services.id}"
  filter                 = "resource.type=\"k8s_container\" AND resource.labels.namespace_name=(\"lifeverse\" OR \"lifeverse-services\" OR \"agones-system\")"
  unique_writer_identity = true
  exclusions {
    name        = "probes"
    description = "Health checks say nothing when they succeed"
    filter      = "jsonPayload.path=(\"/livez\" OR \"/readyz\") AND severity<WARNING"
  }
}

resource "google_logging_project_sink" "security" {
  project                = var.project_id
  name                   = "lifeverse-security"
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.security.id}"
  filter                 = "log_id(\"cloudaudit.googleapis.com/activity\") OR log_id(\"cloudaudit.googleapis.com/data_access\") OR log_id(\"cloudaudit.googleapis.com/policy\") OR jsonPayload.securityEvent:*"
  unique_writer_identity = true
}

# The default bucket would keep all of it once more.
resource "google_logging_project_exclusion" "services" {
  project     = var.project_id
  name        = "lifeverse-kept-elsewhere"
  description = "Kept in the bucket lifeverse"
  filter      = google_logging_project_sink.services.filter
}

# A look from outside, at what the routes let through (fleets/components/edge): keys that anybody may read, or that a caller without a token
# is refused by the service itself. A load balancer without a service behind it answers neither.

locals {
  pages = {
    accounts   = { path = "/.well-known/jwks.json", status = 200 }
    allocator  = { path = "/.well-known/jwks.json", status = 200 }
    matchmaker = { path = "/v1/queues", status = 401 }
    saves      = { path = "/v1/worlds/uptime/restore", status = 401 }
  }
}

resource "google_monitoring_uptime_check_config" "api" {
  for_each = var.hosts

  project            = var.project_id
  display_name       = "LifeVerse ${var.environment}: ${each.key}"
  timeout            = "10s"
  period             = "60s"
  log_check_failures = true
  selected_regions   = ["EUROPE", "USA", "ASIA_PACIFIC"]
  http_check {
    path           = local.pages[each.key].path
    port           = 443
    use_ssl        = true
    validate_ssl   = true
    request_method = "GET"
    accepted_response_status_codes {
      status_value = local.pages[each.key].status
    }
  }
  monitored_resource {
    type = "uptime_url"
    labels = {
      project_id = var.project_id
      host       = each.value
    }
  }
}
