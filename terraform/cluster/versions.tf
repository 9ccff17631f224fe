terraform {
  required_version = ">= 1.11"

  required_providers {
    helm = {
      source  = "hashicorp/helm"
      version = "~> 3.1"
    }
  }

  # Bucket and prefix come by -backend-config; the bucket locks by itself.
  backend "gcs" {}
}

# As whoever is logged in to gcloud; no credential is in the state. The DNS endpoint has a public certificate, so there is no authority then.
provider "helm" {
  kubernetes = {
    host                   = var.cluster_endpoint
    cluster_ca_certificate = var.cluster_ca == "" ? null : base64decode(var.cluster_ca)
    exec = {
      api_version = "client.authentication.k8s.io/v1beta1"
      command     = "gke-gcloud-auth-plugin"
    }
  }
}
