import assert from 'node:assert/strict';
import { assertAll, isGameServers, planned, pools, regionsOfClusters, valueAt } from '../planned.ts';
import type { PlannedResource } from '../test-output.ts';
import type { Promises } from './promise.ts';

export const CLUSTERS: Promises = {
  'labels and taints the pools as Agones and the fleets ask': (plan) => {
    assertAll(pools(plan, isGameServers), {
      'node_config.0.taint': [{ key: 'lifeverse.dev/pool', value: 'game-servers', effect: 'NO_SCHEDULE' }],
    });
    for (const pool of pools(plan, isGameServers)) assert.equal(labelsOf(pool)['lifeverse.dev/pool'], 'game-servers');
    for (const pool of pools(plan, (name) => name === 'agones')) {
      assert.equal(labelsOf(pool)['agones.dev/agones-system'], 'true');
      assertAll([pool], { 'node_config.0.taint': [{ key: 'agones.dev/agones-system', value: 'true', effect: 'NO_EXECUTE' }] });
    }
    for (const pool of pools(plan, (name) => name === 'metrics')) {
      assert.equal(labelsOf(pool)['agones.dev/agones-metrics'], 'true');
      assertAll([pool], { 'node_config.0.taint': [{ key: 'agones.dev/agones-metrics', value: 'true', effect: 'NO_EXECUTE' }] });
    }
    assertAll(
      pools(plan, (name) => name === 'services'),
      { 'node_config.0.taint': [] },
    );
    for (const kind of [isGameServers, (name: string) => name === 'agones', (name: string) => name === 'services'])
      assert.equal(pools(plan, kind).length, regionsOfClusters(plan).length);
  },
  'keeps control planes private, reached by name and IAM only': (plan) => {
    assertAll(planned(plan, 'google_container_cluster'), {
      'private_cluster_config.0.enable_private_nodes': true,
      'private_cluster_config.0.enable_private_endpoint': true,
      'control_plane_endpoints_config.0.dns_endpoint_config.0.allow_external_traffic': true,
      'control_plane_endpoints_config.0.ip_endpoints_config.0.enabled': false,
      'master_auth.0.client_certificate_config.0.issue_client_certificate': false,
      'rbac_binding_config.0.enable_insecure_binding_system_unauthenticated': false,
      'anonymous_authentication_config.0.mode': 'LIMITED',
    });
  },
  'gives pods an identity of their own, and machines a sealed start': (plan) => {
    assertAll(planned(plan, 'google_container_cluster'), {
      'workload_identity_config.0.workload_pool': 'lifeverse-test.svc.id.goog',
      enable_shielded_nodes: true,
      'node_pool_defaults.0.node_config_defaults.0.gcfs_config.0.enabled': true,
      remove_default_node_pool: true,
    });
    assertAll(planned(plan, 'google_container_node_pool'), {
      'node_config.0.workload_metadata_config.0.mode': 'GKE_METADATA',
      'node_config.0.shielded_instance_config.0.enable_secure_boot': true,
      'node_config.0.shielded_instance_config.0.enable_integrity_monitoring': true,
      'node_config.0.gcfs_config.0.enabled': true,
      'node_config.0.kubelet_config.0.insecure_kubelet_readonly_port_enabled': 'FALSE',
      'node_config.0.image_type': 'COS_CONTAINERD',
      'management.0.auto_repair': true,
      'management.0.auto_upgrade': true,
    });
  },
  'runs dataplane v2, the Gateway API and managed Prometheus, on a release channel with a window': (plan) => {
    const clusters = planned(plan, 'google_container_cluster');
    assertAll(clusters, {
      datapath_provider: 'ADVANCED_DATAPATH',
      'gateway_api_config.0.channel': 'CHANNEL_STANDARD',
      'monitoring_config.0.managed_prometheus.0.enabled': true,
      min_master_version: '1.33',
    });
    for (const cluster of clusters) {
      assert.match(String(valueAt(cluster, 'release_channel.0.channel')), /^(REGULAR|STABLE)$/);
      assert.match(String(valueAt(cluster, 'maintenance_policy.0.recurring_window.0.recurrence')), /^FREQ=/);
    }
  },
  'replaces nodes with sessions by new ones beside them': (plan) => {
    for (const pool of pools(plan, isGameServers)) {
      assertAll([pool], { 'upgrade_settings.0.strategy': 'BLUE_GREEN' });
      assert.match(String(valueAt(pool, 'upgrade_settings.0.blue_green_settings.0.node_pool_soak_duration')), /^\d+s$/);
    }
    assertAll(
      pools(plan, (name) => !isGameServers(name)),
      {
        'upgrade_settings.0.strategy': 'SURGE',
        'upgrade_settings.0.max_unavailable': 0,
      },
    );
  },
};

function labelsOf(pool: PlannedResource): Record<string, unknown> {
  return Object(valueAt(pool, 'node_config.0.labels'));
}
