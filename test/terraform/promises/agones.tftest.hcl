# What Agones' module gives its chart, and refuses.

mock_provider "helm" {}

variables {
  chart_version = "1.62.0"
}

run "lets_agones_answer_within_ten_milliseconds" {
  command = plan
  module {
    source = "../modules/agones"
  }
  assert {
    condition = alltrue([
      for part in ["controller", "extensions", "allocator"] : yamldecode(helm_release.agones.values[0]).agones[part].allocationBatchWaitTime == "10ms"
    ])
    error_message = "Agones gathers allocations for longer than 10 ms somewhere."
  }
  assert {
    condition = alltrue([
      for part in ["controller", "extensions", "allocator"] :
      yamldecode(helm_release.agones.values[0]).agones[part].pdb.maxUnavailable == 1 && yamldecode(helm_release.agones.values[0]).agones[part].pdb.minAvailable == null
    ])
    error_message = "A part that is there once could never leave its node."
  }
}

run "keeps_agones_allocator_behind_certificates_and_inside" {
  command = plan
  module {
    source = "../modules/agones"
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
    game_ports = { min = 20000, max = 21000 }
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
    error_message = "A job would delete every game server before the chart goes, or native sidecars are off."
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
    feature_gates = { SidecarContainers = false }
  }
  expect_failures = [var.feature_gates]
}

