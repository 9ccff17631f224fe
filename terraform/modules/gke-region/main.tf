# A regional GKE cluster. Its nodes and its control plane are private: administrators and the allocator reach the control plane by its DNS
# endpoint, where IAM decides who may connect; there is no IP endpoint at all.

resource "google_container_cluster" "this" {
  #checkov:skip=CKV_GCP_12:Dataplane v2 carries network policies out by itself; the add-on that it looks for is for the old dataplane.
  #checkov:skip=CKV_GCP_13:Client certificates are not issued (master_auth says so); the check looks for a block that GKE no longer has.
  #checkov:skip=CKV_GCP_20:There is no IP endpoint whose networks could be authorized.
  #checkov:skip=CKV_GCP_65:Groups need a Workspace domain; authenticator_group sets it where there is one.
  #checkov:skip=CKV_GCP_66:Binary Authorization evaluates the project's own policy, which the engineer sets; see docs/terraform.md.
  project             = var.project_id
  name                = var.name
  location            = var.region
  node_locations      = var.zones
  deletion_protection = var.deletion_protection
  resource_labels     = var.labels
  min_master_version  = var.min_version

  network           = var.network
  subnetwork        = var.subnetwork
  networking_mode   = "VPC_NATIVE"
  datapath_provider = "ADVANCED_DATAPATH"
  ip_allocation_policy {
    cluster_secondary_range_name  = "pods"
    services_secondary_range_name = "services"
  }
  enable_intranode_visibility = true
  enable_l4_ilb_subsetting    = true
  enable_shielded_nodes       = true
  dns_config {
    cluster_dns       = "CLOUD_DNS"
    cluster_dns_scope = "CLUSTER_SCOPE"
  }

  private_cluster_config {
    enable_private_nodes    = true
    enable_private_endpoint = true
  }
  control_plane_endpoints_config {
    dns_endpoint_config {
      allow_external_traffic = true
    }
    ip_endpoints_config {
      enabled = false
    }
  }
  master_auth {
    client_certificate_config {
      issue_client_certificate = false
    }
  }
  enable_legacy_abac = false
  rbac_binding_config {
    enable_insecure_binding_system_authenticated   = false
    enable_insecure_binding_system_unauthenticated = false
  }
  anonymous_authentication_config {
    mode = "LIMITED"
  }
  dynamic "authenticator_groups_config" {
    for_each = var.authenticator_group == null ? [] : [var.authenticator_group]
    content {
      security_group = authenticator_groups_config.value
    }
  }
  workload_identity_config {
    workload_pool = "${var.project_id}.svc.id.goog"
  }
  binary_authorization {
    evaluation_mode = "PROJECT_SINGLETON_POLICY_ENFORCE"
  }
  security_posture_config {
    mode               = "BASIC"
    vulnerability_mode = "VULNERABILITY_BASIC"
  }
  dynamic "database_encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      state    = "ENCRYPTED"
      key_name = database_encryption.value
    }
  }
  dynamic "fleet" {
    for_each = var.fleet_member ? [var.project_id] : []
    content {
      project = fleet.value
    }
  }

  release_channel {
    channel = var.release_channel
  }
  maintenance_policy {
    recurring_window {
      start_time = var.maintenance.start
      end_time   = var.maintenance.end
      recurrence = var.maintenance.recurrence
    }
    dynamic "maintenance_exclusion" {
      for_each = var.maintenance_exclusions
      content {
        exclusion_name = maintenance_exclusion.key
        start_time     = maintenance_exclusion.value.start
        end_time       = maintenance_exclusion.value.end
        exclusion_options {
          scope = maintenance_exclusion.value.scope
        }
      }
    }
  }
  dynamic "notification_config" {
    for_each = var.notification_topic == null ? [] : [var.notification_topic]
    content {
      pubsub {
        enabled = true
        topic   = notification_config.value
        filter {
          event_type = ["UPGRADE_EVENT", "UPGRADE_AVAILABLE_EVENT", "SECURITY_BULLETIN_EVENT"]
        }
      }
    }
  }

  gateway_api_config {
    channel = "CHANNEL_STANDARD"
  }
  addons_config {
    http_load_balancing {
      disabled = false
    }
    horizontal_pod_autoscaling {
      disabled = false
    }
    dns_cache_config {
      enabled = true
    }
    gce_persistent_disk_csi_driver_config {
      enabled = true
    }
    gke_backup_agent_config {
      enabled = var.backup_agent
    }
  }
  vertical_pod_autoscaling {
    enabled = true
  }
  cost_management_config {
    enabled = true
  }
  logging_config {
    enable_components = ["SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER", "SCHEDULER", "CONTROLLER_MANAGER"]
  }
  monitoring_config {
    enable_components = ["SYSTEM_COMPONENTS", "APISERVER", "SCHEDULER", "CONTROLLER_MANAGER", "POD", "DEPLOYMENT", "HPA", "STORAGE"]
    managed_prometheus {
      enabled = true
    }
    advanced_datapath_observability_config {
      enable_metrics = true
      enable_relay   = false
    }
  }

  # Node pools are resources of their own. The pool that GKE insists on for a moment is no weaker than they are.
  remove_default_node_pool = true
  initial_node_count       = 1
  node_config {
    service_account = var.node_service_account
    oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]
    image_type      = "COS_CONTAINERD"
    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }
    workload_metadata_config {
      mode = "GKE_METADATA"
    }
  }
  node_pool_defaults {
    node_config_defaults {
      insecure_kubelet_readonly_port_enabled = "FALSE"
      gcfs_config {
        enabled = true
      }
    }
  }

  lifecycle {
    # The pool that these describe is gone; a change of them would make the cluster anew.
    ignore_changes = [node_config, initial_node_count]
  }
}
