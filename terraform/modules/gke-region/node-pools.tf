# Who runs where, by labels and taints:
#
#   services      anything without a wish of its own, so that GKE's own pods have a home; no taint
#   agones        Agones' controller, extensions and allocator:  agones.dev/agones-system=true:NoExecute, as its chart tolerates it
#   metrics       collectors:                                    agones.dev/agones-metrics=true:NoExecute
#   game-servers  game servers and nothing else:                 lifeverse.dev/pool=game-servers:NoSchedule; public addresses for players

locals {
  others = {
    for name, pool in {
      services = merge(var.node_pools.services, { labels = { "lifeverse.dev/pool" = "services" }, taint = null })
      agones = merge(var.node_pools.agones, {
        labels = { "lifeverse.dev/pool" = "agones", "agones.dev/agones-system" = "true" }
        taint  = { key = "agones.dev/agones-system", value = "true", effect = "NO_EXECUTE" }
      })
      metrics = merge(var.node_pools.metrics, {
        labels = { "lifeverse.dev/pool" = "metrics", "agones.dev/agones-metrics" = "true" }
        taint  = { key = "agones.dev/agones-metrics", value = "true", effect = "NO_EXECUTE" }
      })
    } : name => merge(pool, { public = false, tags = [], blue_green = null }) if pool.max_per_zone > 0
  }
  game_servers = {
    for name, pool in var.game_server_pools : "game-servers-${name}" => merge(pool, {
      labels     = { "lifeverse.dev/pool" = "game-servers", "lifeverse.dev/game-server-pool" = name }
      taint      = { key = "lifeverse.dev/pool", value = "game-servers", effect = "NO_SCHEDULE" }
      public     = true
      tags       = [var.game_server_tag]
      blue_green = var.game_server_soak
    })
  }
  pools = merge(local.others, local.game_servers)
}

resource "google_container_node_pool" "this" {
  for_each = local.pools

  project           = var.project_id
  name              = each.key
  cluster           = google_container_cluster.this.id
  location          = var.region
  max_pods_per_node = 64

  autoscaling {
    min_node_count  = each.value.min_per_zone
    max_node_count  = each.value.max_per_zone
    location_policy = each.value.spot ? "ANY" : "BALANCED"
  }
  management {
    auto_repair  = true
    auto_upgrade = true
  }
  network_config {
    enable_private_nodes = !each.value.public
  }

  # Nodes with sessions are replaced by new ones beside them: the old pool is cordoned, and soaks while sessions end.
  upgrade_settings {
    strategy        = each.value.blue_green == null ? "SURGE" : "BLUE_GREEN"
    max_surge       = each.value.blue_green == null ? 1 : null
    max_unavailable = each.value.blue_green == null ? 0 : null
    dynamic "blue_green_settings" {
      for_each = each.value.blue_green == null ? [] : [each.value.blue_green]
      content {
        node_pool_soak_duration = blue_green_settings.value.pool
        standard_rollout_policy {
          batch_percentage    = blue_green_settings.value.batch
          batch_soak_duration = blue_green_settings.value.batch_soak
        }
      }
    }
  }

  node_config {
    machine_type      = each.value.machine_type
    spot              = each.value.spot
    disk_type         = each.value.disk_type
    disk_size_gb      = each.value.disk_size_gb
    boot_disk_kms_key = var.disk_kms_key
    image_type        = "COS_CONTAINERD"
    labels            = each.value.labels
    tags              = each.value.tags
    resource_labels   = var.labels
    service_account   = var.node_service_account
    oauth_scopes      = ["https://www.googleapis.com/auth/cloud-platform"]
    metadata          = { disable-legacy-endpoints = "true" }

    dynamic "taint" {
      for_each = each.value.taint == null ? [] : [each.value.taint]
      content {
        key    = taint.value.key
        value  = taint.value.value
        effect = taint.value.effect
      }
    }
    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }
    workload_metadata_config {
      mode = "GKE_METADATA"
    }
    gcfs_config {
      enabled = true
    }
    gvnic {
      enabled = true
    }
    kubelet_config {
      cpu_manager_policy                     = ""
      insecure_kubelet_readonly_port_enabled = "FALSE"
    }
  }

  lifecycle {
    # The autoscaler's business.
    ignore_changes = [initial_node_count]
  }
}
