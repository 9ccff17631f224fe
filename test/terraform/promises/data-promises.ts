import assert from 'node:assert/strict';
import { assertAll, planned, plannedOrNone, servicesRegions, textsAt, valueAt, valuesAt } from '../planned.ts';
import type { Promises } from './promise.ts';

export const DATA: Promises = {
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
  'lets into Redis whoever is the allocator to Google, and nobody else': (plan) => {
    assertAll(planned(plan, 'google_memorystore_instance'), { authorization_mode: 'IAM_AUTH' });
    const roles = planned(plan, 'google_project_iam_member').filter((each) => /memorystore|redis/.test(String(valueAt(each, 'role'))));
    assert.deepEqual(
      roles.map(({ index }) => index),
      ['allocator'],
    );
    assertAll(roles, { role: 'roles/memorystore.dbConnectionUser' });
    const allocator = planned(plan, 'google_service_account_iam_member').filter(({ name }) => name === 'allocator');
    assert.equal(allocator.length, 1);
    assertAll(allocator, {
      role: 'roles/iam.workloadIdentityUser',
      member: 'serviceAccount:lifeverse-test.svc.id.goog[lifeverse-services/allocator]',
    });
  },
  'has databases maintained at a time of its own choice': (plan) => {
    for (const redis of planned(plan, 'google_memorystore_instance'))
      assert.match(String(valueAt(redis, 'maintenance_policy.0.weekly_maintenance_window.0.day')), /DAY$/);
    const windows = planned(plan, 'mongodbatlas_maintenance_window');
    assert.equal(windows.length, planned(plan, 'mongodbatlas_project').length);
    for (const window of windows) assert.ok(Number(valueAt(window, 'day_of_week')) >= 1 && Number(valueAt(window, 'hour_of_day')) >= 0);
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
    // Atlas gives no private address before every region with nodes has an endpoint; services of all regions use that one address.
    const [cluster] = planned(plan, 'mongodbatlas_advanced_cluster');
    assert.ok(cluster);
    const withNodes = valuesAt(cluster, 'replication_specs.0.region_configs').map((each) => String(Object(each).region_name));
    assert.deepEqual(textsAt(planned(plan, 'mongodbatlas_privatelink_endpoint'), 'region'), withNodes.toSorted());
    const rules = planned(plan, 'google_compute_forwarding_rule');
    assert.equal(rules.length, withNodes.length);
    assertAll(rules, { allow_psc_global_access: true });
    assert.deepEqual(textsAt(planned(plan, 'google_memorystore_instance'), 'location'), servicesRegions(plan));
    assertAll(planned(plan, 'mongodbatlas_privatelink_endpoint'), { port_mapping_enabled: true });
    assert.deepEqual(plannedOrNone(plan, 'mongodbatlas_project_ip_access_list'), []);
  },
};
