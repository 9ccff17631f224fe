import assert from 'node:assert/strict';
import path from 'node:path';
import { readRules } from '../alerts/rule-files.ts';
import { assertAll, planned, plannedOrNone, textsAt, valueAt, valuesAt } from '../planned.ts';
import type { Promises } from './promise.ts';

export const EDGE: Promises = {
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
    for (const alert of alerts) {
      assert.match(String(valueAt(alert, 'documentation.0.content')), /^[^\n]{20,}\n\nRunbook: docs\/runbook\.md#[a-z-]+$/);
      assert.match(String(valueAt(alert, 'severity')), /^(CRITICAL|ERROR|WARNING)$/);
    }
    const isBackedUp = plannedOrNone(plan, 'google_gke_backup_backup_plan').length > 0;
    const files = ['sessions', 'platform', ...(isBackedUp ? ['backups'] : [])];
    const rules = readRules().filter(({ file }) => files.includes(path.basename(file, '.yaml')));
    assert.deepEqual(
      alerts.filter(({ name }) => name === 'promql').map(({ index }) => index),
      rules.map(({ alert }) => alert).toSorted(),
    );
    const fromLogs = alerts.filter(({ name }) => name === 'log');
    assert.deepEqual(
      fromLogs.map(({ index }) => index),
      [...(isBackedUp ? ['cluster-backup-failed'] : []), 'key-destroyed'],
    );
    // Google refuses a policy over the log that may say it every second.
    assertAll(fromLogs, { 'alert_strategy.0.notification_rate_limit.0.period': '3600s' });
    const [missing] = alerts.filter(({ index }) => index === 'cluster-backup-missing');
    const names = plannedOrNone(plan, 'google_gke_backup_backup_plan').map((each) => String(valueAt(each, 'name')));
    assert.equal(missing === undefined, !isBackedUp);
    if (missing !== undefined) {
      const query = String(valueAt(missing, 'conditions.0.condition_prometheus_query_language.0.query'));
      assert.ok(query.includes(`cluster_name=~"${names.toSorted().join('|')}"`), query);
      assert.deepEqual(
        names.toSorted(),
        textsAt(planned(plan, 'google_container_cluster'), 'name'),
        'a plan is found by its cluster’s name',
      );
    }
    for (const bucket of planned(plan, 'google_logging_project_bucket_config')) assert.ok(Number(valueAt(bucket, 'retention_days')) >= 7);
    const sinks = planned(plan, 'google_logging_project_sink');
    assert.equal(sinks.length, planned(plan, 'google_logging_project_bucket_config').length);
    assertAll(sinks, { unique_writer_identity: true });
    const said = sinks.map((sink) => String(valueAt(sink, 'filter'))).join(' ');
    for (const kept of ['lifeverse-services', 'agones-system', 'cloudaudit.googleapis.com/activity', 'jsonPayload.securityEvent'])
      assert.ok(said.includes(kept), kept);
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
};
