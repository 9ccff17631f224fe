# Stands before the run blocks of a whole environment; its variables are in environment.tfvars.json.

# What Google and Atlas would only tell afterwards, where the configuration reads it.
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
