# Agones by its own chart. What differs from its defaults is here; everything else is theirs.

locals {
  # Taint and label of the pool that is Agones' own (modules/gke-region).
  own_nodes = { for key, value in {
    nodeSelector = { "agones.dev/agones-system" = "true" }
    tolerations  = [{ key = "agones.dev/agones-system", operator = "Equal", value = "true", effect = "NoExecute" }]
  } : key => value if var.own_nodes }
  # One pod goes at a time. The chart's own minAvailable of 1, which null takes away, would let the only pod of a small environment never go: an
  # upgrade of its node would wait for an hour.
  pdb  = { minAvailable = null, maxUnavailable = 1 }
  part = merge(local.own_nodes, { allocationBatchWaitTime = "${var.batch_wait_ms}ms", replicas = var.replicas, resources = local.resources })
  # The chart asks for no processor and no memory, and for 10 GB of disk for each pod's copy of its log, two of which fill a small node's disk.
  resources = {
    requests = { cpu = "100m", memory = "256Mi", ephemeral-storage = "256Mi" }
    limits   = { ephemeral-storage = "1Gi" }
  }
  # Logs are collected from what pods print.
  logs = { persistentLogs = false }

  # Its paths and types are held to what the chart reads (test/terraform/agones-chart.ts): it passes over a name that it does not know.
  values = {
    agones = {
      featureGates = join("&", [for name in sort(keys(var.feature_gates)) : "${name}=${var.feature_gates[name]}"])
      metrics = {
        prometheusEnabled          = true
        prometheusServiceDiscovery = true
        stackdriverEnabled         = false
      }
      crds = {
        # No job that deletes every fleet and game server before the chart is taken out. Their definitions are the chart's own all the same, and go with it:
        # whoever takes it out ends every session.
        cleanupOnDelete = false
      }
      controller = merge(local.part, local.logs, { pdb = local.pdb })
      extensions = merge(local.part, local.logs, { pdb = local.pdb })
      # Players' latency is measured by the game itself; there is nothing to reach here from outside.
      ping = {
        install = false
      }
      # Allocations come by the Kubernetes API. Whoever has other wishes meets it inside the cluster, by certificates on both sides.
      allocator = merge(local.part, {
        install           = true
        pdb               = merge(local.pdb, { enabled = true })
        generateTLS       = true
        generateClientTLS = true
        disableTLS        = false
        disableMTLS       = false
        service = {
          serviceType = "ClusterIP"
        }
      })
    }
    gameservers = {
      namespaces = var.namespaces
      minPort    = var.game_ports.min
      maxPort    = var.game_ports.max
    }
  }
}

resource "helm_release" "agones" {
  name             = "agones"
  repository       = "https://agones.dev/chart/stable"
  chart            = "agones"
  version          = var.chart_version
  namespace        = "agones-system"
  create_namespace = true
  # An upgrade that fails goes back by itself.
  atomic          = true
  cleanup_on_fail = true
  wait            = true
  timeout         = 900
  max_history     = 10
  values          = [yamlencode(local.values)]
}
