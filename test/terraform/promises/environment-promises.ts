/** What one environment promises and another does not. */
import assert from 'node:assert/strict';
import { assertAll, outputOf, planned, pools, regionsOfClusters, servicesRegions, textsAt, valueAt, valuesAt } from '../planned.ts';
import type { Plan } from '../test-output.ts';
import type { Promises } from './promise.ts';

const KEPT = [
  ['google_container_cluster', 'deletion_protection'],
  ['google_memorystore_instance', 'deletion_protection_enabled'],
  ['mongodbatlas_advanced_cluster', 'termination_protection_enabled'],
] as const;

/** What keeps data, and where its key stands. */
const ENCRYPTED = [
  ['google_container_cluster', 'database_encryption.0.key_name'],
  ['google_container_node_pool', 'node_config.0.boot_disk_kms_key'],
  ['google_memorystore_instance', 'kms_key'],
  ['google_storage_bucket', 'encryption.0.default_kms_key_name'],
  ['google_artifact_registry_repository', 'kms_key_name'],
  ['google_secret_manager_secret', 'replication.0.user_managed.0.replicas.0.customer_managed_encryption.0.kms_key_name'],
  ['google_gke_backup_backup_plan', 'backup_config.0.encryption_key.0.gcp_kms_encryption_key'],
] as const;

export const DEV: Promises = {
  'is one region and one zone on spot machines': (plan) => {
    assert.deepEqual(regionsOfClusters(plan), ['europe-west1']);
    assertAll(planned(plan, 'google_container_cluster'), { node_locations: ['europe-west1-b'] });
    assertAll(planned(plan, 'google_container_node_pool'), { 'node_config.0.spot': true });
  },
  'costs less than 500 a month by its own estimate': (plan) => assert.ok(estimateOf(plan) < 500, String(estimateOf(plan))),
  'can be thrown away': (plan) => {
    for (const [type, flag] of KEPT) assertAll(planned(plan, type), { [flag]: false });
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
    assert.deepEqual(
      textsAt(
        pools(plan, (name) => name === 'metrics'),
        'location',
      ),
      regionsOfClusters(plan),
    );
  },
  'is protected from deletion, thing by thing and as a whole': (plan) => {
    for (const [type, flag] of KEPT) assertAll(planned(plan, type), { [flag]: true });
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
  for (const [type, way] of ENCRYPTED) {
    for (const each of planned(plan, type)) assert.match(String(valueAt(each, way)), /\/cryptoKeys\/lifeverse$/, `${each.address}: ${way}`);
  }
}

function estimateOf(plan: Plan): number {
  return Number(/about (\d+)/.exec(String(outputOf(plan, 'cost_note')))?.[1] ?? Number.NaN);
}
