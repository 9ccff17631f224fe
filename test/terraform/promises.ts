/** What the plan of an environment has to show, by what it promises. Each judges the whole plan, whatever module a resource comes from. */
import assert from 'node:assert/strict';
import { assertAll, planned, plannedOrNone, regionsOfClusters, valueAt } from './planned.ts';
import type { Plan, PlannedResource } from './test-output.ts';

export type Promises = Readonly<Record<string, (plan: Plan) => void>>;

const DATA = [
  ['google_container_cluster', 'deletion_protection'],
  ['google_memorystore_instance', 'deletion_protection_enabled'],
  ['mongodbatlas_advanced_cluster', 'termination_protection_enabled'],
] as const;
const pools = (plan: Plan, isWanted: (name: string) => boolean): PlannedResource[] =>
  planned(plan, 'google_container_node_pool').filter((pool) => isWanted(String(valueAt(pool, 'name'))));
const isGameServers = (name: string): boolean => name.startsWith('game-servers-');
const outputOf = (plan: Plan, name: string): unknown => plan.output_changes[name]?.after;

/** Kept by every environment. */
export const EVERYWHERE: Promises = {
  'opens nothing inwards but UDP to game servers': (plan) => {
    const rules = planned(plan, 'google_compute_firewall');
    assertAll(rules, { direction: 'INGRESS' });
    const allowing = rules.filter((rule) => JSON.stringify(valueAt(rule, 'allow') ?? []) !== '[]');
    assert.equal(allowing.length, 1);
    assertAll(allowing, { allow: [{ protocol: 'udp', ports: ['7000-8000'] }], target_tags: ['lifeverse-game-server'] });
    const [last] = rules.filter((rule) => !allowing.includes(rule));
    assert.ok(last);
    assertAll([last], { 'deny.0.protocol': 'all', source_ranges: ['0.0.0.0/0'], priority: 65_534 });
  },
  'gives public addresses and the open ports to nodes of game servers alone': (plan) => {
    assertAll(pools(plan, isGameServers), {
      'network_config.0.enable_private_nodes': false,
      'node_config.0.tags': ['lifeverse-game-server'],
    });
    assertAll(
      pools(plan, (name) => !isGameServers(name)),
      { 'network_config.0.enable_private_nodes': true, 'node_config.0.tags': [] },
    );
  },
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
    assertAll(planned(plan, 'google_container_cluster'), { 'workload_identity_config.0.workload_pool': 'lifeverse-test.svc.id.goog' });
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
  'makes one cluster and one subnetwork for nodes per region, whose ranges do not overlap': (plan) => {
    const subnetworks = planned(plan, 'google_compute_subnetwork');
    const nodes = subnetworks.filter((each) => each.name === 'region');
    assert.deepEqual(nodes.map((each) => String(valueAt(each, 'region'))).toSorted(), regionsOfClusters(plan));
    const ranges = subnetworks.flatMap((each) => [
      String(valueAt(each, 'ip_cidr_range')),
      ...[0, 1].flatMap((at) => valueAt(each, `secondary_ip_range.${at}.ip_cidr_range`) ?? []).map(String),
    ]);
    assert.equal(ranges.length, 4 * nodes.length);
    for (const [index, one] of ranges.entries())
      for (const other of ranges.slice(index + 1)) assert.ok(!overlap(one, other), `${one} and ${other}`);
  },
  'keeps every bucket private, versioned, retained for a time, and cleared by age': (plan) => {
    for (const bucket of planned(plan, 'google_storage_bucket')) {
      assertAll([bucket], {
        public_access_prevention: 'enforced',
        uniform_bucket_level_access: true,
        'versioning.0.enabled': true,
      });
      assert.equal(new Set(valuesAt(bucket, 'custom_placement_config.0.data_locations')).size, 2);
      assert.ok(Number(valueAt(bucket, 'retention_policy.0.retention_period')) >= 86_400);
      const rules = JSON.stringify(valueAt(bucket, 'lifecycle_rule'));
      assert.match(rules, /"type":"Delete"/);
      assert.match(rules, /"type":"AbortIncompleteMultipartUpload"/);
    }
    const roles = planned(plan, 'google_storage_bucket_iam_member').map((each) => String(valueAt(each, 'role')));
    assert.deepEqual(roles.toSorted(), ['roles/storage.objectCreator', 'roles/storage.objectViewer']);
  },
  'lets Redis evict nothing, append to a file, and speak TLS only': (plan) => {
    assertAll(planned(plan, 'google_memorystore_instance'), {
      'engine_configs.maxmemory-policy': 'noeviction',
      'persistence_config.0.mode': 'AOF',
      'persistence_config.0.aof_config.0.append_fsync': 'EVERY_SEC',
      transit_encryption_mode: 'SERVER_AUTHENTICATION',
      mode: 'CLUSTER_DISABLED',
    });
  },
  'brings MongoDB back to any second, and reaches it by private endpoints': (plan) => {
    assertAll(planned(plan, 'mongodbatlas_advanced_cluster'), {
      backup_enabled: true,
      pit_enabled: true,
      'advanced_configuration.default_write_concern': 'majority',
      'advanced_configuration.minimum_enabled_tls_protocol': 'TLS1_2',
    });
    for (const schedule of planned(plan, 'mongodbatlas_cloud_backup_schedule'))
      assert.ok(Number(valueAt(schedule, 'restore_window_days')) >= 1);
    const services = servicesRegions(plan);
    assert.deepEqual(
      planned(plan, 'mongodbatlas_privatelink_endpoint_service')
        .map((each) => String(each.index))
        .toSorted(),
      services,
    );
    assert.deepEqual(
      planned(plan, 'google_memorystore_instance')
        .map((each) => String(valueAt(each, 'location')))
        .toSorted(),
      services,
    );
    assertAll(planned(plan, 'mongodbatlas_privatelink_endpoint'), { port_mapping_enabled: true });
    assert.deepEqual(plannedOrNone(plan, 'mongodbatlas_project_ip_access_list'), []);
  },
  'bans who asks too much, watches for floods, and refuses known attacks': (plan) => {
    const [policy] = planned(plan, 'google_compute_security_policy');
    assert.ok(policy);
    assertAll([policy], { 'adaptive_protection_config.0.layer_7_ddos_defense_config.0.enable': true });
    const rules = valuesAt(policy, 'rule').map((rule) => JSON.stringify(rule));
    const bans = rules.filter((rule) => rule.includes('rate_based_ban'));
    assert.equal(bans.length, 2);
    for (const ban of bans) assert.match(ban, /"ban_duration_sec":600,.*"exceed_action":"deny\(429\)"/);
    assert.ok(rules.some((rule) => rule.includes('accounts.play.example.com')));
    assert.ok(rules.filter((rule) => rule.includes('evaluatePreconfiguredWaf')).length >= 5);
  },
  'has names, certificates and a look from outside for all four APIs': (plan) => {
    const hosts = ['accounts', 'allocator', 'matchmaker', 'saves'].map((name) => `${name}.play.example.com`);
    const named = planned(plan, 'google_dns_record_set').filter((each) => each.name === 'api');
    assert.deepEqual(
      textsAt(named, 'name'),
      hosts.map((host) => `${host}.`),
    );
    assert.deepEqual(textsAt(planned(plan, 'google_certificate_manager_certificate_map_entry'), 'hostname'), hosts);
    assert.deepEqual(textsAt(planned(plan, 'google_certificate_manager_certificate'), 'managed.0.domains.0'), hosts);
    const checks = planned(plan, 'google_monitoring_uptime_check_config');
    assert.deepEqual(textsAt(checks, 'monitored_resource.0.labels.host'), hosts);
    assertAll(checks, { 'http_check.0.use_ssl': true, 'http_check.0.validate_ssl': true });
    assertAll(planned(plan, 'google_dns_managed_zone'), { 'dnssec_config.0.state': 'on' });
  },
  'tells somebody: alerts with what to do, log buckets with a time to keep, a budget': (plan) => {
    const alerts = planned(plan, 'google_monitoring_alert_policy');
    assert.ok(alerts.length >= 10);
    for (const alert of alerts) {
      assert.ok(String(valueAt(alert, 'documentation.0.content')).length > 20, alert.address);
      assert.match(String(valueAt(alert, 'severity')), /^(CRITICAL|ERROR|WARNING)$/);
    }
    for (const bucket of planned(plan, 'google_logging_project_bucket_config')) assert.ok(Number(valueAt(bucket, 'retention_days')) >= 7);
    assert.equal(planned(plan, 'google_logging_project_sink').length, 2);
    assert.equal(planned(plan, 'google_monitoring_notification_channel').length, 1);
    const [budget] = planned(plan, 'google_billing_budget');
    assert.ok(budget);
    assert.match(JSON.stringify(valueAt(budget, 'threshold_rules')), /FORECASTED_SPEND/);
    assertAll(
      planned(plan, 'google_project_iam_audit_config').filter(({ index }) => index === 'secretmanager.googleapis.com'),
      {
        service: 'secretmanager.googleapis.com',
      },
    );
  },
  'makes the secrets that the services read, and writes no value into the state': (plan) => {
    const names = planned(plan, 'google_secret_manager_secret').map((each) => String(valueAt(each, 'secret_id')));
    const environment = String(outputOf(plan, 'environment'));
    for (const name of ['mongo-url', 'redis-url', 'redis-ca', 'accounts-secret', 'allocator-key-secret'])
      assert.ok(names.includes(`lifeverse-${environment}-${name}`), name);
    const written = planned(plan, 'google_secret_manager_secret_version');
    for (const version of written) {
      assertAll([version], { secret_data_wo_version: 1 });
      assert.ok((valueAt(version, 'secret_data_wo') ?? null) === null, version.address);
    }
    // Random values come from the deployment: no version of these is made here.
    assert.deepEqual(
      written.map(({ index }) => index).filter((name) => /accounts-secret|allocator-key-secret/.test(String(name))),
      [],
    );
    assert.deepEqual(plannedOrNone(plan, 'google_service_account_key'), []);
  },
  'gives what the deployment reads': (plan) => {
    const environment = String(outputOf(plan, 'environment'));
    assert.equal(outputOf(plan, 'project_id'), 'lifeverse-test');
    assert.equal(outputOf(plan, 'registry'), 'europe-west1-docker.pkg.dev/lifeverse-test/lifeverse');
    assert.equal(outputOf(plan, 'domain'), 'play.example.com');
    assert.match(String(outputOf(plan, 'cost_note')), /about \d{3,5} US dollars/);
    for (const [region, given] of Object.entries(Object(outputOf(plan, 'regions')))) {
      const { cluster_name: name, issuer, ca, services } = Object(given);
      assert.equal(name, `lifeverse-${environment}-${region}`);
      assert.equal(issuer, `https://container.googleapis.com/v1/projects/lifeverse-test/locations/${region}/clusters/${name}`);
      assert.equal(ca, '');
      assert.equal(typeof services, 'boolean');
    }
    for (const name of ['edge_ip', 'dns_name_servers', 'api_hosts', 'secret_names']) assert.ok(name in plan.output_changes, name);
  },
};

export const DEV: Promises = {
  'is one region and one zone on spot machines': (plan) => {
    assert.deepEqual(regionsOfClusters(plan), ['europe-west1']);
    assertAll(planned(plan, 'google_container_cluster'), { node_locations: ['europe-west1-b'] });
    assertAll(planned(plan, 'google_container_node_pool'), { 'node_config.0.spot': true });
  },
  'costs less than 500 a month by its own estimate': (plan) => assert.ok(estimateOf(plan) < 500, String(estimateOf(plan))),
  'can be thrown away': (plan) => {
    for (const [type, flag] of DATA) assertAll(planned(plan, type), { [flag]: false });
    assertAll(planned(plan, 'google_storage_bucket'), { force_destroy: true });
    assertAll(planned(plan, 'terraform_data'), { 'input.protected': false });
  },
};

export const STAGING: Promises = {
  'is two regions with keys of its own': (plan) => {
    assert.deepEqual(regionsOfClusters(plan), ['europe-west1', 'us-east1']);
    encryptsWithOwnKeys(plan);
  },
};

export const PROD: Promises = {
  'is three regions as asked, with services in two': (plan) => {
    assert.deepEqual(regionsOfClusters(plan), ['asia-northeast1', 'europe-west1', 'us-east1']);
    assert.deepEqual(servicesRegions(plan), ['europe-west1', 'us-east1']);
    assert.equal(planned(plan, 'google_gke_hub_feature').length, 2);
  },
  'is protected from deletion, thing by thing and as a whole': (plan) => {
    for (const [type, flag] of DATA) assertAll(planned(plan, type), { [flag]: true });
    assertAll(planned(plan, 'google_storage_bucket'), { force_destroy: false });
    assertAll(planned(plan, 'terraform_data'), { 'input.protected': true });
  },
  'keeps MongoDB in three regions, none of which holds a majority': (plan) => {
    const [cluster] = planned(plan, 'mongodbatlas_advanced_cluster');
    assert.ok(cluster);
    const regions = valuesAt(cluster, 'replication_specs.0.region_configs').map((each) => Object(each));
    assert.equal(new Set(regions.map(({ region_name: name }) => String(name))).size, 3);
    const nodes = regions.map(({ electable_specs: specs }) => Number(Object(specs).node_count));
    const all = nodes.reduce((sum, count) => sum + count, 0);
    assert.ok(all % 2 === 1 && nodes.every((count) => count * 2 < all), String(nodes));
    assert.deepEqual(
      regions.map(({ priority }) => priority),
      [7, 6, 5],
    );
  },
  'stands behind network DDoS protection in every region': (plan) => {
    const policies = planned(plan, 'google_compute_region_security_policy');
    assertAll(policies, { type: 'CLOUD_ARMOR_NETWORK', 'ddos_protection_config.0.ddos_protection': 'ADVANCED' });
    assert.deepEqual(policies.map((each) => String(valueAt(each, 'region'))).toSorted(), regionsOfClusters(plan));
    assert.equal(planned(plan, 'google_compute_network_edge_security_service').length, 3);
  },
  'encrypts with keys of its own, which turn over': encryptsWithOwnKeys,
  'backs every cluster up to another region, and cannot lose a backup in a week': (plan) => {
    const plans = planned(plan, 'google_gke_backup_backup_plan');
    assert.equal(plans.length, 3);
    for (const each of plans) {
      assert.notEqual(valueAt(each, 'location'), each.index);
      assertAll([each], { 'retention_policy.0.backup_delete_lock_days': 7, 'retention_policy.0.backup_retain_days': 30 });
    }
    assert.equal(planned(plan, 'google_gke_backup_restore_plan').length, 3);
    assertAll(planned(plan, 'google_storage_bucket'), { rpo: 'ASYNC_TURBO', 'retention_policy.0.retention_period': 2_592_000 });
  },
  'runs services on machines that are not taken away': (plan) => {
    assertAll(planned(plan, 'google_container_node_pool'), { 'node_config.0.spot': false });
  },
  'keeps who did what for more than a year': (plan) => {
    const security = planned(plan, 'google_logging_project_bucket_config').filter((each) => each.name === 'security');
    assertAll(security, { retention_days: 400 });
  },
};

function encryptsWithOwnKeys(plan: Plan): void {
  const keys = planned(plan, 'google_kms_crypto_key');
  assertAll(keys, { rotation_period: '7776000s' });
  const locations = keys.map(({ index }) => String(index));
  for (const region of [...regionsOfClusters(plan), 'eu']) assert.ok(locations.includes(region), region);
  assertAll(planned(plan, 'google_container_cluster'), { 'database_encryption.0.state': 'ENCRYPTED' });
}

function textsAt(resources: readonly PlannedResource[], way: string): string[] {
  return resources.map((each) => String(valueAt(each, way))).toSorted();
}

function labelsOf(pool: PlannedResource): Record<string, unknown> {
  return Object(valueAt(pool, 'node_config.0.labels'));
}

function valuesAt(resource: PlannedResource, way: string): unknown[] {
  const value = valueAt(resource, way);
  return Array.isArray(value) ? value : [];
}

function servicesRegions(plan: Plan): string[] {
  return Object.entries<{ services: boolean }>(Object(outputOf(plan, 'regions')))
    .flatMap(([name, { services }]) => (services ? [name] : []))
    .toSorted();
}

function estimateOf(plan: Plan): number {
  return Number(/about (\d+)/.exec(String(outputOf(plan, 'cost_note')))?.[1] ?? Number.NaN);
}

function overlap(one: string, other: string): boolean {
  const [a, b] = [bounds(one), bounds(other)];
  return a.first <= b.last && b.first <= a.last;
}

function bounds(range: string): { first: number; last: number } {
  const [address = '', bits = ''] = range.split('/');
  const first = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return { first, last: first + 2 ** (32 - Number(bits)) - 1 };
}
