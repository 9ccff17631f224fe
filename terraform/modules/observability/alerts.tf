# What somebody has to get up for, and what can wait for the morning. The queries are Prometheus': the services' own metrics arrive by
# managed collection, Google's under their translated names.

locals {
  promql = {
    release-brake = {
      severity = "CRITICAL"
      query    = "max by (cluster) (lifeverse_release_brake_held) > 0"
      duration = "60s"
      content  = "The allocator wanted to release more game servers than it may in a minute, and has stopped. Look at what the store and the cluster say before it is let go: docs/allocator/reconcile.md."
    }
    cluster-breaker = {
      severity = "CRITICAL"
      query    = "max by (cluster) (lifeverse_cluster_breaker) > 0"
      duration = "300s"
      content  = "A cluster has not answered the allocator for five minutes; allocations go elsewhere. Look at the cluster's control plane and at docs/allocator/clusters.md."
    }
    allocations-fail = {
      severity = "CRITICAL"
      query    = "sum(rate(lifeverse_allocations_total{outcome=~\"failed|expired|lost\"}[10m])) / clamp_min(sum(rate(lifeverse_allocations_total[10m])), 0.001) > 0.05"
      duration = "600s"
      content  = "More than one allocation in twenty has failed, expired or been lost for ten minutes. The traces tell why: GET /v1/allocations/ID/trace."
    }
    events-late = {
      severity = "ERROR"
      query    = "max(lifeverse_event_untold_seconds) > 120"
      duration = "300s"
      content  = "Events of allocations have waited for more than two minutes to be told: docs/allocator/events.md."
    }
    webhooks-dead = {
      severity = "WARNING"
      query    = "max(lifeverse_webhook_dead_letters) > 0"
      duration = "900s"
      content  = "A subscriber has not taken events: docs/allocator/webhooks.md."
    }
    fleet-scaling = {
      severity = "ERROR"
      query    = "sum by (cluster) (increase(lifeverse_fleet_scaling_failures_total[15m])) > 0"
      duration = "900s"
      content  = "Fleets are not scaled by demand; their buffers are all there is: docs/allocator/scaling.md."
    }
    clusters-file = {
      severity = "WARNING"
      query    = "max(lifeverse_clusters_file_refused) > 0"
      duration = "300s"
      content  = "The allocator refuses the clusters file that it was given, and goes on with the last good one."
    }
    no-game-servers-ready = {
      severity = "CRITICAL"
      query    = "sum by (cluster, fleet_name) (agones_fleets_replicas_count{type=\"ready\"}) == 0 and sum by (cluster, fleet_name) (agones_fleets_replicas_count{type=\"total\"}) > 0"
      duration = "600s"
      content  = "A fleet has had no Ready game server for ten minutes: nodes, quota, image or the game itself. kubectl get gameservers in the cluster tells which."
    }
    containers-restart = {
      severity = "WARNING"
      query    = "sum by (cluster_name, namespace_name, container_name) (increase(kubernetes_io:container_restart_count{namespace_name=~\"lifeverse-services|agones-system\"}[15m])) > 3"
      duration = "0s"
      content  = "A container keeps ending."
    }
    redis-full = {
      severity = "ERROR"
      query    = "max by (instance_id) (memorystore_googleapis_com:instance_memory_maximum_utilization) > 0.8"
      duration = "900s"
      content  = "Memorystore is more than 80 % full. It evicts nothing: when it is full, jobs are refused, and the sweep alone moves allocations."
    }
    armor-attack = {
      severity = "ERROR"
      query    = "sum(rate(networksecurity_googleapis_com:https_request_count{blocked=\"true\"}[5m])) > 50"
      duration = "300s"
      content  = "Cloud Armor refuses more than 50 requests per second: its log and Adaptive Protection's suggestions tell of what kind."
    }
  }
}

resource "google_monitoring_alert_policy" "promql" {
  for_each = local.promql

  project      = var.project_id
  display_name = "LifeVerse ${var.environment}: ${each.key}"
  combiner     = "OR"
  severity     = each.value.severity
  conditions {
    display_name = each.key
    condition_prometheus_query_language {
      query               = each.value.query
      duration            = each.value.duration
      evaluation_interval = "60s"
      # The first services that say these have not started yet when this is applied.
      disable_metric_validation = true
    }
  }
  documentation {
    content   = each.value.content
    mime_type = "text/markdown"
  }
  alert_strategy {
    auto_close = "86400s"
  }
  notification_channels = [for channel in google_monitoring_notification_channel.email : channel.name]
  user_labels           = { environment = var.environment }
}

resource "google_monitoring_alert_policy" "uptime" {
  for_each = var.hosts

  project      = var.project_id
  display_name = "LifeVerse ${var.environment}: ${each.key} is not reached"
  combiner     = "OR"
  severity     = "CRITICAL"
  conditions {
    display_name = "from two places or more"
    condition_threshold {
      filter          = "resource.type=\"uptime_url\" AND metric.type=\"monitoring.googleapis.com/uptime_check/check_passed\" AND metric.labels.check_id=\"${google_monitoring_uptime_check_config.api[each.key].uptime_check_id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "120s"
      aggregations {
        alignment_period     = "120s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
        group_by_fields      = ["resource.label.host"]
      }
    }
  }
  documentation {
    content   = "Players cannot reach ${each.value}. Load balancer and certificate first, then the pods in lifeverse-services."
    mime_type = "text/markdown"
  }
  notification_channels = [for channel in google_monitoring_notification_channel.email : channel.name]
  user_labels           = { environment = var.environment }
}
