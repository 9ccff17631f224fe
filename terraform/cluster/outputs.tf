output "agones_version" {
  description = "The version of Agones that is installed."
  value       = module.agones.version
}
