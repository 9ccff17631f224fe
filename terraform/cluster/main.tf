# What is installed into one cluster before our own manifests: applied once per region, each with a state of its own.

locals {
  is_dev = var.environment == "dev"
  # GKE's own pods and these share the services' pool.
  on_services = { "lifeverse.dev/pool" = "services" }
  replicas    = local.is_dev ? 1 : 2
}

resource "helm_release" "namespaces" {
  name      = "lifeverse-namespaces"
  chart     = "${path.module}/charts/namespaces"
  namespace = "kube-system"
  # An upgrade that fails goes back by itself.
  atomic          = true
  cleanup_on_fail = true
  max_history     = 10
  values          = [yamlencode({ namespaces = var.game_server_namespaces })]
}

module "agones" {
  source = "../modules/agones"

  chart_version = var.agones_chart_version
  namespaces    = var.game_server_namespaces
  game_ports    = var.game_ports
  batch_wait_ms = var.agones_batch_wait_ms
  feature_gates = var.agones_feature_gates
  replicas      = local.replicas

  depends_on = [helm_release.namespaces]
}

resource "helm_release" "cert_manager" {
  name             = "cert-manager"
  repository       = "https://charts.jetstack.io"
  chart            = "cert-manager"
  version          = var.cert_manager_chart_version
  namespace        = "cert-manager"
  create_namespace = true
  atomic           = true
  cleanup_on_fail  = true
  timeout          = 600
  max_history      = 10
  values = [yamlencode({
    # A release that is taken out leaves the certificates and their kinds.
    crds         = { enabled = true, keep = true }
    replicaCount = local.replicas
    nodeSelector = local.on_services
    webhook      = { replicaCount = local.replicas, nodeSelector = local.on_services }
    cainjector   = { replicaCount = local.replicas, nodeSelector = local.on_services }
    # Google's own elections are held in kube-system; on GKE cert-manager keeps out of there.
    global = { leaderElection = { namespace = "cert-manager" } }
  })]
}

# Reads Secret Manager as its own Kubernetes account (modules/environment/secrets.tf lets it).
resource "helm_release" "external_secrets" {
  name             = "external-secrets"
  repository       = "https://charts.external-secrets.io"
  chart            = "external-secrets"
  version          = var.external_secrets_chart_version
  namespace        = "external-secrets"
  create_namespace = true
  atomic           = true
  cleanup_on_fail  = true
  timeout          = 600
  max_history      = 10
  values = [yamlencode({
    installCRDs    = true
    replicaCount   = local.replicas
    leaderElect    = true
    nodeSelector   = local.on_services
    serviceAccount = { name = "external-secrets" }
    webhook        = { replicaCount = local.replicas, nodeSelector = local.on_services }
    certController = { replicaCount = local.replicas, nodeSelector = local.on_services }
  })]
}
