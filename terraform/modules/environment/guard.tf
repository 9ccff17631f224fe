# `prevent_destroy` cannot depend on a variable. This can: it depends on everything, so a destroy begins with it, and where the environment
# is protected it ends with it, before anything else is touched. With protected = false applied first, a destroy goes through.
resource "terraform_data" "guard" {
  input = { name = local.name, protected = var.protected }

  provisioner "local-exec" {
    when        = destroy
    interpreter = ["/bin/sh", "-c"]
    command     = "test '${self.output.protected}' = 'false' || { echo '${self.output.name} is protected: apply it with protected = false first' >&2; exit 1; }"
  }

  depends_on = [
    module.project, module.kms, module.network, module.registry, module.region, module.edge_udp, module.edge_http, module.mongo, module.redis,
    module.backups, module.observability, module.budget, module.secrets,
    google_service_account.nodes, google_service_account.allocator, google_project_iam_custom_role.connects,
    google_project_iam_member.nodes, google_project_iam_member.allocator, google_project_iam_member.redis,
    google_service_account_iam_member.allocator,
    google_pubsub_topic.upgrades, google_gke_hub_feature.service_discovery, google_gke_hub_feature.gateway,
    google_project_iam_member.gateway, google_project_iam_member.service_discovery,
  ]
}
