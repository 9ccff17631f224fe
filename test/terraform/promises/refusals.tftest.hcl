# What prod refuses to be, behind environment-mocks.tftest.hcl.

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
