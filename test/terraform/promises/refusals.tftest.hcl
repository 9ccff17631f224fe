# What prod refuses to be.

mock_provider "google" {
  mock_resource "google_memorystore_instance" {
    defaults = {
      endpoints = [{
        connections = [{
          psc_auto_connection = [{
            connection_type   = "", forwarding_rule = "", ip_address = "10.48.0.9", network = "", port = 6379, project_id = ""
            psc_connection_id = "", service_attachment = ""
          }]
        }]
      }]
      managed_server_ca = [{ ca_certs = [{ certificates = ["CERTIFICATE"] }] }]
    }
  }
  mock_resource "google_certificate_manager_dns_authorization" {
    defaults = { dns_resource_record = [{ name = "_acme-challenge.example.com.", type = "CNAME", data = "proof.example.com." }] }
  }
}
mock_provider "google-beta" {}
mock_provider "mongodbatlas" {
  mock_resource "mongodbatlas_privatelink_endpoint" {
    defaults = { service_attachment_names = ["attachment"] }
  }
}
mock_provider "random" {}

variables {
  project_id          = "lifeverse-test"
  billing_account     = "0A0A0A-0B0B0B-0C0C0C"
  domain              = "play.example.com"
  mongodbatlas_org_id = "0123456789abcdef01234567"
  alert_emails        = ["on-call@example.com"]
}

run "prod_refuses_fewer_than_three_regions" {
  command = plan
  variables {
    regions = {
      "europe-west1" = { network_index = 0, services = true, backup_location = "europe-west4" }
      "us-east1"     = { network_index = 1, services = true, backup_location = "us-central1" }
    }
  }
  expect_failures = [var.regions]
}

run "prod_refuses_that_nobody_is_told_of_alerts" {
  command = plan
  variables {
    alert_emails = []
  }
  expect_failures = [var.alert_emails]
}
