# Clusters of one environment find each other's services: autoscalers of a region without them ask the allocator of another. With services in
# several regions one Gateway stands before all of them: its configuration is read in the primary region's cluster.

resource "google_gke_hub_feature" "service_discovery" {
  count = local.is_fleet ? 1 : 0

  project  = module.project.project_id
  name     = "multiclusterservicediscovery"
  location = "global"
}

resource "google_gke_hub_feature" "gateway" {
  count = local.is_multi_region ? 1 : 0

  project  = module.project.project_id
  name     = "multiclusteringress"
  location = "global"
  spec {
    multiclusteringress {
      config_membership = module.region[var.primary_region].membership
    }
  }
  depends_on = [google_gke_hub_feature.service_discovery]
}

# The Gateway's controller looks at every cluster's services.
resource "google_project_iam_member" "gateway" {
  #checkov:skip=CKV_GCP_42:It is the role that Google asks for its own agent, and the agent that nobody can act as.
  count = local.is_multi_region ? 1 : 0

  project    = module.project.project_id
  role       = "roles/container.admin"
  member     = "serviceAccount:service-${module.project.number}@gcp-sa-multiclusteringress.iam.gserviceaccount.com"
  depends_on = [google_gke_hub_feature.gateway]
}

# Service discovery reads the network that it finds services in.
resource "google_project_iam_member" "service_discovery" {
  count = local.is_fleet ? 1 : 0

  project    = module.project.project_id
  role       = "roles/compute.networkViewer"
  member     = "principal://iam.googleapis.com/projects/${module.project.number}/locations/global/workloadIdentityPools/${module.project.project_id}.svc.id.goog/subject/ns/gke-mcs/sa/gke-mcs-importer"
  depends_on = [google_gke_hub_feature.service_discovery]
}
