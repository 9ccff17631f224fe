import assert from 'node:assert/strict';
import { assertAll, planned, textsAt, valueAt, valuesAt } from '../planned.ts';
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
    assert.ok(alerts.length >= 10);
    for (const alert of alerts) {
      assert.ok(String(valueAt(alert, 'documentation.0.content')).length > 20, alert.address);
      assert.match(String(valueAt(alert, 'severity')), /^(CRITICAL|ERROR|WARNING)$/);
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
