# What the module of MongoDB refuses.

mock_provider "google" {}
mock_provider "mongodbatlas" {}
mock_provider "random" {}

variables {
  project_id = "lifeverse-test"
  name       = "lifeverse-test"
}

run "data_mongo_refuses_a_region_with_a_majority_and_an_even_number_of_nodes" {
  command = plan
  module {
    source = "../../modules/data-mongo"
  }
  variables {
    org_id               = "0123456789abcdef01234567"
    regions              = [{ region = "europe-west1", nodes = 4 }, { region = "us-east1", nodes = 1 }, { region = "asia-east1", nodes = 1 }]
    instance_size        = "M40"
    point_in_time_days   = 7
    protected            = true
    databases            = ["saves"]
    network              = "network"
    endpoint_subnetworks = {}
  }
  expect_failures = [var.regions]
}

run "data_mongo_refuses_a_size_without_recovery" {
  command = plan
  module {
    source = "../../modules/data-mongo"
  }
  variables {
    org_id               = "none"
    regions              = [{ region = "europe-west1", nodes = 3 }]
    instance_size        = "FLEX"
    point_in_time_days   = 0
    protected            = true
    databases            = ["saves"]
    network              = "network"
    endpoint_subnetworks = {}
  }
  expect_failures = [var.org_id, var.instance_size, var.point_in_time_days]
}
