# What somebody has to get up for, and what can wait for the morning. The rules are Prometheus' own (rules/): the services' metrics arrive
# by managed collection, Google's under their translated names. Each has a section of its name in docs/runbook.md.

locals {
  rule_files = concat(
    ["sessions", "platform"],
    length(var.backup_plans) > 0 ? ["backups"] : [],
    var.udp_proxies ? ["udp-proxies"] : [],
  )
  rules = {
    for rule in flatten([
      for name in local.rule_files : [
        for group in yamldecode(replace(file("${path.module}/rules/${name}.yaml"), "BACKUP_PLANS", join("|", sort(tolist(var.backup_plans))))).groups : group.rules
      ]
    ]) : rule.alert => rule
  }

  # What no metric tells: entries of the log, at most one message an hour for each.
  log_matches = {
    for name, match in {
      cluster-backup-failed = {
        severity = "ERROR"
        filter   = "log_id(\"gkebackup.googleapis.com/backup_change\") AND resource.type=\"gkebackup.googleapis.com/BackupPlan\" AND jsonPayload.inputBackup.state=\"FAILED\""
        labels   = { subject = "EXTRACT(resource.labels.backup_plan_id)", detail = "EXTRACT(jsonPayload.inputBackup.stateReason)" }
        content  = "A run of a cluster's backup plan has failed; the plan and the reason are in the message."
      }
      key-destroyed = {
        severity = "CRITICAL"
        filter   = "log_id(\"cloudaudit.googleapis.com/activity\") AND protoPayload.serviceName=\"cloudkms.googleapis.com\" AND protoPayload.methodName=\"DestroyCryptoKeyVersion\""
        labels   = { subject = "EXTRACT(protoPayload.resourceName)", detail = "EXTRACT(protoPayload.authenticationInfo.principalEmail)" }
        content  = "Somebody has a key destroyed. Until Google does it, it can be taken back; afterwards everything that was encrypted with it is lost."
      }
    } : name => match if name != "cluster-backup-failed" || length(var.backup_plans) > 0
  }

  # Only a path is known of where this repository is read.
  runbook  = { for name in concat(keys(local.rules), keys(local.log_matches), ["api-not-reached"]) : name => "Runbook: docs/runbook.md#${name}" }
  channels = [for channel in google_monitoring_notification_channel.email : channel.name]
}

resource "google_monitoring_alert_policy" "promql" {
  for_each = local.rules

  project      = var.project_id
  display_name = "LifeVerse ${var.environment}: ${each.key}"
  combiner     = "OR"
  severity     = upper(each.value.labels.severity)
  conditions {
    display_name = each.key
    condition_prometheus_query_language {
      query               = trimspace(each.value.expr)
      duration            = each.value.for
      evaluation_interval = "60s"
      # The first services that say these have not started yet when this is applied.
      disable_metric_validation = true
    }
  }
  documentation {
    content   = "${each.value.annotations.description}\n\n${local.runbook[each.key]}"
    mime_type = "text/markdown"
  }
  alert_strategy {
    auto_close = "86400s"
  }
  notification_channels = local.channels
  user_labels           = { environment = var.environment }
}

resource "google_monitoring_alert_policy" "log" {
  for_each = local.log_matches

  project      = var.project_id
  display_name = "LifeVerse ${var.environment}: ${each.key}"
  combiner     = "OR"
  severity     = each.value.severity
  conditions {
    display_name = each.key
    condition_matched_log {
      filter           = each.value.filter
      label_extractors = each.value.labels
    }
  }
  documentation {
    content   = "${each.value.content}\n\n${local.runbook[each.key]}"
    mime_type = "text/markdown"
  }
  alert_strategy {
    auto_close = "86400s"
    notification_rate_limit {
      period = "3600s"
    }
  }
  notification_channels = local.channels
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
    content   = "Players cannot reach ${each.value}.\n\n${local.runbook["api-not-reached"]}"
    mime_type = "text/markdown"
  }
  notification_channels = local.channels
  user_labels           = { environment = var.environment }
}
