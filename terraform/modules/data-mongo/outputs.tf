output "address" {
  description = "Where every service reaches the database, whatever its region: mongodb+srv://, without user and password."
  value       = local.address
}

output "username" {
  description = "The services' user, once it is there."
  value       = mongodbatlas_database_user.services.username
}

output "cluster" {
  description = "The cluster's name at Atlas."
  value       = mongodbatlas_advanced_cluster.this.name
}
