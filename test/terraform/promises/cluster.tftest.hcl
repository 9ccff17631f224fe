# What is installed into a cluster, and what is refused.

mock_provider "helm" {}

variables {
  project_id                     = "lifeverse-test"
  environment                    = "prod"
  region                         = "europe-west1"
  cluster_name                   = "lifeverse-prod-europe-west1"
  cluster_endpoint               = "https://gke-0123.europe-west1.gke.goog"
  agones_chart_version           = "1.62.0"
  cert_manager_chart_version     = "v1.19.1"
  external_secrets_chart_version = "1.0.0"
}

run "installs_everything_at_the_versions_that_were_asked_for" {
  command = plan
  assert {
    condition     = output.agones_version == "1.62.0"
    error_message = "Agones is not of the version that was asked for."
  }
  assert {
    condition     = helm_release.cert_manager.version == "v1.19.1" && helm_release.external_secrets.version == "1.0.0"
    error_message = "cert-manager or External Secrets is not of the version that was asked for."
  }
}

run "keeps_certificates_and_namespaces_when_a_release_goes" {
  command = plan
  assert {
    condition     = yamldecode(helm_release.cert_manager.values[0]).crds.keep
    error_message = "cert-manager's CRDs go with it."
  }
  assert {
    condition     = yamldecode(helm_release.namespaces.values[0]).namespaces == ["lifeverse"]
    error_message = "The namespace of the game servers is not made."
  }
}

run "runs_two_of_each_outside_dev" {
  command = plan
  assert {
    condition     = yamldecode(helm_release.cert_manager.values[0]).replicaCount == 2 && yamldecode(helm_release.external_secrets.values[0]).replicaCount == 2
    error_message = "One is too few for prod."
  }
}

run "lets_agones_answer_within_ten_milliseconds" {
  command = plan
  module {
    source = "../modules/agones"
  }
  variables {
    chart_version = "1.62.0"
  }
  assert {
    condition = alltrue([
      for part in ["controller", "extensions", "allocator"] : yamldecode(helm_release.agones.values[0]).agones[part].allocationBatchWaitTime == "10ms"
    ])
    error_message = "Agones gathers allocations for longer than 10 ms somewhere."
  }
}

run "keeps_agones_allocator_behind_certificates_and_inside" {
  command = plan
  module {
    source = "../modules/agones"
  }
  variables {
    chart_version = "1.62.0"
  }
  assert {
    condition = (
      !yamldecode(helm_release.agones.values[0]).agones.allocator.disableTLS &&
      !yamldecode(helm_release.agones.values[0]).agones.allocator.disableMTLS &&
      yamldecode(helm_release.agones.values[0]).agones.allocator.generateTLS
    )
    error_message = "Agones' allocator speaks without certificates."
  }
  assert {
    condition     = yamldecode(helm_release.agones.values[0]).agones.allocator.service.serviceType == "ClusterIP" && !yamldecode(helm_release.agones.values[0]).agones.ping.install
    error_message = "Something of Agones is reached from outside."
  }
}

run "gives_game_servers_the_ports_that_the_firewall_opens_and_agones_its_own_nodes" {
  command = plan
  module {
    source = "../modules/agones"
  }
  variables {
    chart_version = "1.62.0"
    game_ports    = { min = 20000, max = 21000 }
  }
  assert {
    condition     = yamldecode(helm_release.agones.values[0]).gameservers.minPort == 20000 && yamldecode(helm_release.agones.values[0]).gameservers.maxPort == 21000
    error_message = "Agones gives other ports."
  }
  assert {
    condition = alltrue([
      for part in ["controller", "extensions", "allocator"] : (
        yamldecode(helm_release.agones.values[0]).agones[part].nodeSelector["agones.dev/agones-system"] == "true" &&
        yamldecode(helm_release.agones.values[0]).agones[part].tolerations[0].effect == "NoExecute"
      )
    ])
    error_message = "A part of Agones runs elsewhere than on its own nodes."
  }
  assert {
    condition     = !yamldecode(helm_release.agones.values[0]).agones.crds.cleanupOnDelete && yamldecode(helm_release.agones.values[0]).agones.featureGates == "SidecarContainers=true"
    error_message = "Taking Agones out would take every game server with it, or native sidecars are off."
  }
}

run "refuses_an_agones_that_is_too_old" {
  command = plan
  module {
    source = "../modules/agones"
  }
  variables {
    chart_version = "1.61.0"
  }
  expect_failures = [var.chart_version]
}

run "refuses_a_version_that_is_none" {
  command = plan
  module {
    source = "../modules/agones"
  }
  variables {
    chart_version = "latest"
  }
  expect_failures = [var.chart_version]
}

run "refuses_to_run_without_native_sidecars" {
  command = plan
  module {
    source = "../modules/agones"
  }
  variables {
    chart_version = "1.62.0"
    feature_gates = { SidecarContainers = false }
  }
  expect_failures = [var.feature_gates]
}

run "refuses_a_cert_manager_that_is_too_old_and_an_endpoint_without_tls" {
  command = plan
  variables {
    cert_manager_chart_version = "v1.14.0"
    cluster_endpoint           = "http://10.0.0.1"
  }
  expect_failures = [var.cert_manager_chart_version, var.cluster_endpoint]
}
