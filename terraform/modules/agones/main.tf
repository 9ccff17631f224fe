# Agones by its own chart. What differs from its defaults is here; everything else is theirs.

locals {
  # Taint and label of the pool that is Agones' own (modules/gke-region).
  own_nodes = { for key, value in {
    nodeSelector = { "agones.dev/agones-system" = "true" }
    tolerations  = [{ key = "agones.dev/agones-system", operator = "Equal", value = "true", effect = "NoExecute" }]
  } : key => value if var.own_nodes }
  batch_wait = { allocationBatchWaitTime = "${var.batch_wait_ms}ms" }

  values = {
    agones = {
      featureGates = join("&", [for name in sort(keys(var.feature_gates)) : "${name}=${var.feature_gates[name]}"])
      metrics = {
        prometheusEnabled          = true
        prometheusServiceDiscovery = true
        stackdriverEnabled         = false
      }
      crds = {
        # Taking the chart out must not take every game server with it.
        cleanupOnDelete = false
      }
      # Requests per second towards the API server: the allocation path shares them with all that Agones does.
      controller = merge(local.own_nodes, local.batch_wait, {
        replicas = var.replicas
        pdb      = { minAvailable = 1 }
      })
      extensions = merge(local.own_nodes, local.batch_wait, {
        replicas = var.replicas
        pdb      = { minAvailable = 1 }
      })
      # Players' latency is measured by the game itself; there is nothing to reach here from outside.
      ping = {
        install = false
      }
      # Allocations come by the Kubernetes API. Whoever has other wishes meets it inside the cluster, by certificates on both sides.
      allocator = merge(local.own_nodes, local.batch_wait, {
        install           = true
        replicas          = var.replicas
        pdb               = { enabled = true, minAvailable = 1 }
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
