# What is installed into a cluster, and what is refused.

mock_provider "helm" {}

variables {
  project_id                     = "lifeverse-test"
  environment                    = "prod"
  region                         = "europe-west1"
  cluster_name                   = "lifeverse-prod-europe-west1"
  cluster_endpoint               = "https://gke-0123.europe-west1.gke.goog"
  game_ports                     = { min = 20000, max = 21000 }
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

run "refuses_a_cert_manager_that_is_too_old_and_an_endpoint_without_tls" {
  command = plan
  variables {
    cert_manager_chart_version = "v1.14.0"
    cluster_endpoint           = "http://10.0.0.1"
  }
  expect_failures = [var.cert_manager_chart_version, var.cluster_endpoint]
}
