# What the module of MongoDB makes, and refuses.

mock_provider "google" {}
mock_provider "mongodbatlas" {
  mock_resource "mongodbatlas_privatelink_endpoint" {
    defaults = { service_attachment_names = ["attachment"] }
  }
  # One address by the endpoints of both regions; another, of before the second was there, by one alone.
  mock_data "mongodbatlas_advanced_cluster" {
    defaults = {
      connection_strings = {
        private = "", private_srv = "", standard = "", standard_srv = "mongodb+srv://public.example.net"
        private_endpoint = [
          {
            connection_string = "", srv_connection_string = "mongodb+srv://one.example.net", srv_shard_optimized_connection_string = "", type = "MONGOD"
            endpoints         = [{ endpoint_id = "lifeverse-test-atlas-europe-west1", provider_name = "GCP", region = "WESTERN_EUROPE" }]
          },
          {
            connection_string = "", srv_connection_string = "mongodb+srv://both.example.net", srv_shard_optimized_connection_string = "", type = "MONGOD"
            endpoints = [
              { endpoint_id = "lifeverse-test-atlas-europe-west1", provider_name = "GCP", region = "WESTERN_EUROPE" },
              { endpoint_id = "lifeverse-test-atlas-us-east1", provider_name = "GCP", region = "EASTERN_US" },
            ]
          },
        ]
      }
    }
  }
}

variables {
  project_id           = "lifeverse-test"
  name                 = "lifeverse-test"
  org_id               = "0123456789abcdef01234567"
  regions              = [{ region = "europe-west1", nodes = 3 }]
  instance_size        = "M40"
  point_in_time_days   = 7
  protected            = true
  databases            = ["saves"]
  network              = "network"
  endpoint_subnetworks = { "europe-west1" = "subnetwork" }
  password             = "SECRET-OF-THE-TESTS"
  password_version     = 1
}

run "data_mongo_has_one_address_through_the_endpoints_of_all_regions_with_nodes" {
  module {
    source = "../../modules/data-mongo"
  }
  variables {
    regions              = [{ region = "europe-west1", nodes = 2 }, { region = "us-east1", nodes = 1 }]
    endpoint_subnetworks = { "europe-west1" = "one", "us-east1" = "two" }
  }
  assert {
    condition     = output.address == "mongodb+srv://both.example.net"
    error_message = "The address is not the one that reaches every node."
  }
  assert {
    condition     = mongodbatlas_database_user.services.password_wo == null && mongodbatlas_database_user.services.password == null
    error_message = "The password is in the state."
  }
}

run "data_mongo_stops_where_atlas_has_no_address_through_all_endpoints" {
  module {
    source = "../../modules/data-mongo"
  }
  variables {
    name                 = "other"
    regions              = [{ region = "asia-northeast1", nodes = 3 }]
    endpoint_subnetworks = { "asia-northeast1" = "three" }
  }
  expect_failures = [data.mongodbatlas_advanced_cluster.connected]
}

run "data_mongo_refuses_a_region_with_nodes_and_without_an_endpoint" {
  command = plan
  module {
    source = "../../modules/data-mongo"
  }
  variables {
    regions = [{ region = "europe-west1", nodes = 2 }, { region = "us-east1", nodes = 1 }]
  }
  expect_failures = [var.endpoint_subnetworks]
}

run "data_mongo_refuses_a_region_with_a_majority_and_an_even_number_of_nodes" {
  command = plan
  module {
    source = "../../modules/data-mongo"
  }
  variables {
    regions              = [{ region = "europe-west1", nodes = 4 }, { region = "us-east1", nodes = 1 }, { region = "asia-east1", nodes = 1 }]
    endpoint_subnetworks = { "europe-west1" = "one", "us-east1" = "two", "asia-east1" = "three" }
  }
  expect_failures = [var.regions]
}

run "data_mongo_refuses_a_size_without_recovery" {
  command = plan
  module {
    source = "../../modules/data-mongo"
  }
  variables {
    org_id             = "none"
    instance_size      = "FLEX"
    point_in_time_days = 0
  }
  expect_failures = [var.org_id, var.instance_size, var.point_in_time_days]
}
