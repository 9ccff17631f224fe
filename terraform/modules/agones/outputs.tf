output "version" {
  description = "The version that is installed."
  value       = helm_release.agones.version
}
