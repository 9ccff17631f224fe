# Values that Terraform learns from the databases go straight into Secret Manager. The two random secrets get their values from the
# deployment (make deploy-cluster), so that no state ever knew them.

# Another one in every run, and used only by a run that writes: for user and secret together, when their version is raised.
ephemeral "random_password" "mongo" {
  length  = 40
  special = false
}

locals {
  primary_redis = module.redis[var.primary_region]
  # Redis is regional: the secrets without a region's name are the primary region's, every other region with services has its own. MongoDB
  # has one address for all (modules/data-mongo/private-link.tf).
  regional_redis = { for name in local.service_regions : name => module.redis[name] if name != var.primary_region }

  # `values` is ephemeral; the names alone may be iterated over.
  given_names = concat(
    ["mongo-url", "redis-url", "redis-ca"],
    flatten([for name in keys(local.regional_redis) : ["redis-url-${name}", "redis-ca-${name}"]]),
  )
  made_names = ["accounts-secret", "allocator-key-secret"]
}

module "secrets" {
  source = "../secrets"

  project_id  = module.project.project_id
  environment = var.environment
  names       = toset(concat(local.given_names, local.made_names))
  given       = { for name in local.given_names : name => var.secret_version }
  values = merge(
    {
      mongo-url = replace(
        module.mongo.address, "mongodb+srv://", "mongodb+srv://${module.mongo.username}:${ephemeral.random_password.mongo.result}@"
      )
      redis-url = local.primary_redis.url
      redis-ca  = local.primary_redis.ca
    },
    { for name, redis in local.regional_redis : "redis-url-${name}" => redis.url },
    { for name, redis in local.regional_redis : "redis-ca-${name}" => redis.ca },
  )
  locations = local.service_regions
  kms_keys  = var.encrypt_with_own_keys ? { for name in local.service_regions : name => local.keys[name] } : null
  # External Secrets, by its own Kubernetes account, in every cluster of the project: workload identity knows them as one.
  readers = {
    external-secrets = "principal://iam.googleapis.com/projects/${module.project.number}/locations/global/workloadIdentityPools/${module.project.project_id}.svc.id.goog/subject/ns/external-secrets/sa/external-secrets"
  }
  labels = local.labels
}
