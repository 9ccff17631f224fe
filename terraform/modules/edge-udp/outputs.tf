output "quilkin_addresses" {
  description = "Region → address of its proxies; empty without Quilkin."
  value       = { for region, address in google_compute_address.quilkin : region => address.address }
}
