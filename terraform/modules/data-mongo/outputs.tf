# An address by the endpoints is there only once they are; each region has one of its own.
locals {
  by_endpoint = {
    for name, service in mongodbatlas_privatelink_endpoint_service.this : name => one([
      for each in data.mongodbatlas_advanced_cluster.connected.connection_strings.private_endpoint : each.srv_connection_string
      if contains(each.endpoints[*].endpoint_id, service.endpoint_service_id)
    ])
  }
}

data "mongodbatlas_advanced_cluster" "connected" {
  project_id = mongodbatlas_project.this.id
  name       = mongodbatlas_advanced_cluster.this.name
  depends_on = [mongodbatlas_privatelink_endpoint_service.this]
}

output "urls" {
  description = "Region with services → how they reach the database."
  sensitive   = true
  value = {
    for name, address in local.by_endpoint : name => replace(
      address, "mongodb+srv://", "mongodb+srv://${mongodbatlas_database_user.services.username}:${random_password.services.result}@"
    )
  }
}

output "cluster" {
  description = "The cluster's name at Atlas."
  value       = mongodbatlas_advanced_cluster.this.name
}
