# What Cloud Armor does with a request to the APIs: known attacks are refused, a caller that asks too much is banned for a while, logins
# sooner than the rest, and what is odd by the load balancer's own reckoning is reported.

resource "google_compute_security_policy" "this" {
  #checkov:skip=CKV_GCP_73:Rule 200 is the one it asks for, in the newer form evaluatePreconfiguredWaf, which it does not know.
  project     = var.project_id
  name        = "${var.name}-api"
  description = "LifeVerse's public APIs"
  type        = "CLOUD_ARMOR"

  adaptive_protection_config {
    layer_7_ddos_defense_config {
      enable          = true
      rule_visibility = "STANDARD"
    }
  }
  advanced_options_config {
    json_parsing = "STANDARD"
    log_level    = "NORMAL"
  }

  dynamic "rule" {
    for_each = var.denied_ranges == null ? [] : [var.denied_ranges]
    content {
      action      = "deny(403)"
      priority    = 100
      description = "Addresses that are refused"
      match {
        versioned_expr = "SRC_IPS_V1"
        config {
          src_ip_ranges = rule.value
        }
      }
    }
  }

  # Log4j's hole first, whatever the sensitivity of the others (CVE-2021-44228).
  rule {
    action      = "deny(403)"
    priority    = 200
    description = "CVE canary"
    match {
      expr {
        expression = "evaluatePreconfiguredWaf('cve-canary', {'sensitivity': 1})"
      }
    }
  }
  dynamic "rule" {
    for_each = { for index, name in ["sqli-v33-stable", "rce-v33-stable", "lfi-v33-stable", "protocolattack-v33-stable", "scannerdetection-v33-stable"] : index => name }
    content {
      action      = "deny(403)"
      priority    = 210 + rule.key
      description = rule.value
      match {
        expr {
          expression = "evaluatePreconfiguredWaf('${rule.value}', {'sensitivity': ${var.waf_sensitivity}})"
        }
      }
    }
  }

  rule {
    action      = "rate_based_ban"
    priority    = 1000
    description = "Logins: a person needs few"
    match {
      expr {
        expression = "request.headers['host'] == '${local.hosts["accounts"]}'"
      }
    }
    rate_limit_options {
      conform_action   = "allow"
      exceed_action    = "deny(429)"
      enforce_on_key   = "IP"
      ban_duration_sec = var.ban_seconds
      rate_limit_threshold {
        count        = var.rate_per_minute.accounts
        interval_sec = 60
      }
      ban_threshold {
        count        = var.rate_per_minute.accounts * 5
        interval_sec = 300
      }
    }
  }
  rule {
    action      = "rate_based_ban"
    priority    = 2147483646
    description = "Everything else; many players may share one address"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
    rate_limit_options {
      conform_action   = "allow"
      exceed_action    = "deny(429)"
      enforce_on_key   = "IP"
      ban_duration_sec = var.ban_seconds
      rate_limit_threshold {
        count        = var.rate_per_minute.others
        interval_sec = 60
      }
      ban_threshold {
        count        = var.rate_per_minute.others * 5
        interval_sec = 300
      }
    }
  }
  rule {
    action      = "allow"
    priority    = 2147483647
    description = "The default, which Cloud Armor asks for; the limits above come first"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }
}
