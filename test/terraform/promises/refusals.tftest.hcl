# What prod refuses to be.

mock_provider "google" {}
mock_provider "google-beta" {}
mock_provider "mongodbatlas" {}
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
