# What a quiet month costs: what is always on, at its smallest. List prices of Google's and Atlas' pages for europe-west1 in US dollars, as
# remembered in November 2026 and rounded: an estimate to choose sizes by, not a quotation.

locals {
  # A month of 730 hours.
  prices = {
    machine = {
      "e2-medium"      = 25, "e2-standard-2" = 54, "e2-standard-4" = 108, "e2-standard-8" = 215
      "n2d-standard-2" = 68, "n2d-standard-4" = 136, "n2d-standard-8" = 272, "n2d-standard-16" = 544
      "c3d-standard-4" = 146, "c3d-standard-8" = 292, "c3d-standard-16" = 584, "c3-standard-8" = 310
    }
    # Of the machine's price; it moves by the month.
    spot_share       = 0.4
    disk_gb          = 0.11
    cluster          = 73
    address          = 3
    psc_endpoint     = 7.3
    atlas_node       = { M10 = 20, M20 = 50, M30 = 132, M40 = 254, M50 = 487 }
    memorystore_node = { SHARED_CORE_NANO = 26, STANDARD_SMALL = 118, HIGHMEM_MEDIUM = 160, HIGHMEM_XLARGE = 680 }
    load_balancer    = 40
    armor_enterprise = 200
  }

  cost_pools = concat(
    [for pool in var.node_pools : merge(pool, { public = false })],
    [for pool in var.game_server_pools : merge(pool, { public = true })],
  )
  cost_zones = { for name, region in var.regions : name => region.zones == null ? 3 : length(region.zones) }
  # Of all regions; a machine type that the table does not know counts as 0 and is named in the note.
  cost_nodes = sum(flatten([for zones in local.cost_zones : [
    for pool in local.cost_pools : zones * pool.min_per_zone * (
      lookup(local.prices.machine, pool.machine_type, 0) * (pool.spot ? local.prices.spot_share : 1)
      + 50 * local.prices.disk_gb + (pool.public ? local.prices.address : 0)
    )
  ]]))
  cost_unknown = distinct([for pool in local.cost_pools : pool.machine_type if !contains(keys(local.prices.machine), pool.machine_type)])

  costs = {
    "GKE's control planes"  = length(var.regions) * local.prices.cluster
    "nodes at their fewest" = local.cost_nodes
    "MongoDB at Atlas"      = sum(local.mongo_regions[*].nodes) * lookup(local.prices.atlas_node, var.mongo.instance_size, 0)
    "MongoDB's endpoints"   = length(local.mongo_regions) * local.prices.psc_endpoint
    "Memorystore"           = length(local.service_regions) * (1 + var.redis.replicas) * lookup(local.prices.memorystore_node, var.redis.node_type, 0)
    "edge"                  = local.prices.load_balancer + (var.edge.udp_ddos_protection ? local.prices.armor_enterprise : 0)
  }
}

output "cost_note" {
  description = "What a quiet month costs, roughly, and what that leaves out."
  value = join("\n", concat(
    ["${var.environment}, a quiet month: about ${format("%d", ceil(sum(values(local.costs)) / 10) * 10)} US dollars, an estimate from list prices as remembered in November 2026"],
    [for what, amount in local.costs : format("  %6d  %s", ceil(amount), what)],
    ["Left out: traffic to players (about 0.09 per GB), nodes beyond the fewest, logs and metrics beyond the free share, backups,", "taxes, support, discounts."],
    length(local.cost_unknown) == 0 ? [] : ["Not counted, since their price is not in modules/environment/cost.tf: ${join(", ", local.cost_unknown)}."],
    ["The budget tells ${var.budget.monthly_amount} ${var.budget.currency} a month."],
  ))
}
