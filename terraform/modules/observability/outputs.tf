output "notification_channels" {
  description = "Channels that reach whoever is told."
  value       = [for channel in google_monitoring_notification_channel.email : channel.name]
}
