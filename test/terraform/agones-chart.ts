/**
 * What Agones' chart reads of its values: facts, read in its templates and its schema at version 1.61.0-dev (August 2026), since the chart
 * comes from its own repository alone and passes over a name that it does not know. Only what has to do with ours is listed.
 */

type Kind = 'text' | 'flag' | 'whole' | 'texts' | 'object' | 'list' | 'whole or text';

/** Of controller and extensions, and of the allocator where it says so. */
const OF_PARTS: Readonly<Record<string, Kind>> = {
  allocationBatchWaitTime: 'text',
  apiServerQPS: 'whole',
  apiServerQPSBurst: 'whole',
  logLevel: 'text',
  nodeSelector: 'object',
  'pdb.maxUnavailable': 'whole or text',
  'pdb.minAvailable': 'whole or text',
  replicas: 'whole',
  resources: 'object',
  tolerations: 'list',
  topologySpreadConstraints: 'list',
  updateStrategy: 'object',
};
const OF_LOGGING_PARTS: Readonly<Record<string, Kind>> = {
  numWorkers: 'whole',
  persistentLogs: 'flag',
  persistentLogsSizeLimitMB: 'whole',
};
const OF_ALLOCATOR: Readonly<Record<string, Kind>> = {
  disableMTLS: 'flag',
  disableTLS: 'flag',
  generateClientTLS: 'flag',
  generateTLS: 'flag',
  install: 'flag',
  'pdb.enabled': 'flag',
  'service.serviceType': 'text',
};
const FACTS: Readonly<Record<string, Kind>> = {
  'agones.featureGates': 'text',
  'agones.crds.cleanupJobTTL': 'whole',
  'agones.crds.cleanupOnDelete': 'flag',
  'agones.crds.install': 'flag',
  'agones.metrics.prometheusEnabled': 'flag',
  'agones.metrics.prometheusServiceDiscovery': 'flag',
  'agones.metrics.stackdriverEnabled': 'flag',
  'agones.ping.install': 'flag',
  'gameservers.maxPort': 'whole',
  'gameservers.minPort': 'whole',
  'gameservers.namespaces': 'texts',
  ...below('agones.controller', { ...OF_PARTS, ...OF_LOGGING_PARTS }),
  ...below('agones.extensions', { ...OF_PARTS, ...OF_LOGGING_PARTS }),
  ...below('agones.allocator', { ...OF_PARTS, ...OF_ALLOCATOR }),
};
/** With another the chart does not render. */
const GATES: readonly string[] = [
  'DisableResyncOnSDKServer',
  'AutopilotPassthroughPort',
  'PortPolicyNone',
  'PortRanges',
  'RollingUpdateFix',
  'CountsAndLists',
  'GKEAutopilotExtendedDurationPods',
  'ScheduledAutoscaler',
  'SidecarContainers',
  'FleetAutoscaleRequestMetaData',
  'PlayerAllocationFilter',
  'PlayerTracking',
  'WasmAutoscaler',
  'ProcessorAllocator',
  'Example',
];
const SERVICE_TYPES = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'];

/** @returns what is wrong with values for the chart, a line each. */
export function agonesFaults(values: unknown): string[] {
  const leaves = leavesOf(values, '');
  const at = new Map(leaves);
  const faults = leaves.flatMap(([path, value]) => {
    const kind = FACTS[path];
    if (kind === undefined) return [`the chart does not read ${path}`];
    // A null takes the chart's own value away.
    return value === null || is(kind, value) ? [] : [`${path} is no ${kind}`];
  });
  // The chart has minAvailable of its own, and refuses to have both.
  const budgets = ['controller', 'extensions', 'allocator'].filter(
    (part) => is('whole or text', at.get(`agones.${part}.pdb.maxUnavailable`)) && at.get(`agones.${part}.pdb.minAvailable`) !== null,
  );
  const gates = textAt(at, 'agones.featureGates').split('&');
  const unknown = gates.filter((gate) => gate !== '' && !GATES.includes(gate.split('=')[0] ?? ''));
  const type = textAt(at, 'agones.allocator.service.serviceType');
  return [
    ...faults,
    ...budgets.map((part) => `agones.${part}.pdb has minAvailable as well as maxUnavailable`),
    ...unknown.map((gate) => `there is no feature gate ${gate}`),
    ...(type === '' || SERVICE_TYPES.includes(type) ? [] : [`there is no type of service ${type}`]),
  ];
}

function textAt(values: ReadonlyMap<string, unknown>, path: string): string {
  const value = values.get(path);
  return typeof value === 'string' ? value : '';
}

/** Paths down to what the chart takes as a whole. */
function leavesOf(value: unknown, path: string): (readonly [string, unknown])[] {
  const isWhole = path in FACTS || typeof value !== 'object' || value === null || Array.isArray(value);
  if (isWhole) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, path === '' ? key : `${path}.${key}`));
}

function is(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string';
    case 'flag':
      return typeof value === 'boolean';
    case 'whole':
      return Number.isInteger(value);
    case 'whole or text':
      return Number.isInteger(value) || typeof value === 'string';
    case 'list':
      return Array.isArray(value);
    case 'texts':
      return Array.isArray(value) && value.every((each) => typeof each === 'string');
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
  }
}

function below(path: string, facts: Readonly<Record<string, Kind>>): Record<string, Kind> {
  return Object.fromEntries(Object.entries(facts).map(([name, kind]) => [`${path}.${name}`, kind]));
}
