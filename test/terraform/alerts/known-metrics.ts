/**
 * Metrics that alerts may ask for, with the labels they have. Ours are read from where they are made. Those of others are facts, read where
 * it says, since none of them runs here.
 */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

const TREE = path.join(import.meta.dirname, '..', '..', '..');

/** What managed collection puts on every series, by what it scrapes; a label of the metric's own with such a name becomes `exported_…`. */
const TARGET = ['project_id', 'location', 'cluster', 'namespace', 'job', 'instance', 'pod', 'node', 'container'];

/** By who says it. Google's names are translated: the first slash is a colon, every other sign a low line. */
const OF_OTHERS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'Agones: pkg/metrics/controller_metrics.go, 1.61': {
    agones_fleets_replicas_count: ['name', 'type', 'namespace'],
    agones_gameservers_total: ['type', 'fleet_name', 'namespace'],
  },
  'cert-manager: internal/collectors/certificate_collector.go, 1.21': {
    certmanager_certificate_expiration_timestamp_seconds: ['name', 'namespace', 'issuer_name', 'issuer_kind', 'issuer_group'],
  },
  'Quilkin: src/metrics.rs, src/net/sessions/inner_metrics.rs, 0.10': {
    quilkin_session_active: ['country_code'],
    quilkin_packets_total: ['event'],
    quilkin_packets_dropped_total: ['event', 'source'],
    quilkin_provider_task_failures_total: ['task'],
  },
  'kube-state-metrics, as GKE runs it for the component DEPLOYMENT': {
    kube_deployment_status_replicas_available: ['deployment', 'namespace'],
  },
  'prom-client: every service’s default metrics': { process_start_time_seconds: ['service'] },
};
const OF_GOOGLE: Readonly<Record<string, readonly string[]>> = {
  'kubernetes_io:container_restart_count': ['cluster_name', 'namespace_name', 'pod_name', 'container_name'],
  'kubernetes_io:node_cpu_total_cores': ['cluster_name', 'node_name'],
  'gkebackup_googleapis_com:backup_completion_times_count': ['backup_plan_id', 'resource_container', 'state'],
  'monitoring_googleapis_com:uptime_check_time_until_ssl_cert_expires': ['host', 'checked_resource_id', 'checker_location', 'check_id'],
  'memorystore_googleapis_com:instance_memory_maximum_utilization': ['instance_id'],
  'networksecurity_googleapis_com:https_request_count': ['backend_target_name', 'blocked', 'policy_name'],
};

/** @returns metric → the labels that its series can have where alerts look. */
export function knownMetrics(): ReadonlyMap<string, ReadonlySet<string>> {
  const scraped = [...ownMetrics(), ...Object.values(OF_OTHERS).flatMap((each) => Object.entries(each))];
  return new Map([
    ...scraped.map(([name, labels]) => [name, new Set([...TARGET, ...labels.map(seenAs)])] as const),
    ...Object.entries(OF_GOOGLE).map(
      ([name, labels]) => [name, new Set(['project_id', 'location', 'monitored_resource', ...labels])] as const,
    ),
  ]);
}

function seenAs(label: string): string {
  return TARGET.includes(label) ? `exported_${label}` : label;
}

type Named = readonly [name: string, labels: readonly string[]];

/** As prom-client is given them, the matchmaker's by its own short way, and a bridge's. */
function ownMetrics(): Named[] {
  return globSync('{accounts,allocator,matchmaker,saves,runtime,sdk-bridge}/**/*.ts', { cwd: TREE }).flatMap((file): Named[] => {
    const text = readFileSync(path.join(TREE, file), 'utf8');
    return [
      ...madeIn(text),
      ...(file === 'matchmaker/matchmaker-events.ts' ? countersIn(text) : []),
      ...(file.startsWith('sdk-bridge/') ? ofBridge(text) : []),
    ];
  });
}

function madeIn(text: string): Named[] {
  const made =
    /new (Gauge|Counter|Histogram)(?:<string>)?\(\{\s*name: '(\w+)',\s*help: (?:'[^']*'|"[^"]*"),\s*(?:labelNames: \[([^\]]*)\])?/g;
  return [...text.matchAll(made)].flatMap(([, kind, name = '', list]): Named[] => {
    const labels = ['service', ...namesIn(list)];
    if (kind !== 'Histogram') return [[name, labels]];
    return [
      [`${name}_bucket`, [...labels, 'le']],
      [`${name}_count`, labels],
      [`${name}_sum`, labels],
    ];
  });
}

function countersIn(text: string): Named[] {
  return [...text.matchAll(/counter\('(\w+)', '[^']*', \[([^\]]*)\]\)/g)].map(([, name = '', list]) => [
    `lifeverse_matchmaker_${name}_total`,
    ['service', ...namesIn(list)],
  ]);
}

function ofBridge(text: string): Named[] {
  return [...text.matchAll(/(?:gauge|counter)\(\s*'(lifeverse_\w+)'/g)].map(([, name = '']) => [name, ['game_server']]);
}

function namesIn(list = ''): string[] {
  return [...list.matchAll(/'(\w+)'/g)].map(([, name = '']) => name);
}
