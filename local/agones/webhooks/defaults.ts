/** What the mutating webhook adds to objects, field by field as a real Agones does (`objects.json` of the recordings). */
import type { GameServerState, Health } from '../../../sdk-bridge/solo/sidecar/sidecar-game-server.ts';
import type { BufferPolicy, Fleet, FleetAutoscaler, FleetAutoscalerPolicy, FleetSpec } from '../resources/fleet.ts';
import {
  AGONES_VERSION,
  CONTROLLER_FINALIZER,
  SDK_VERSION_ANNOTATION,
  type Container,
  type GameServer,
  type GameServerPort,
  type GameServerSpec,
  type PodTemplate,
} from '../resources/game-server.ts';
import type { ObjectMeta } from '../resources/object-meta.ts';

/** Sent objects may lack anything; `spec` too. */
type Sent<Kind extends { readonly spec: unknown }> = Omit<Kind, 'spec'> & { readonly spec?: Partial<Kind['spec']> };

export function defaultedGameServer(sent: Sent<GameServer>): GameServer {
  const spec = defaultedGameServerSpec(sent.spec ?? {});
  const given = sent.status;
  return {
    ...sent,
    metadata: {
      ...withSdkVersion(sent.metadata),
      finalizers: [...new Set([...(sent.metadata.finalizers ?? []), CONTROLLER_FINALIZER])],
    },
    spec,
    status: {
      ports: given?.ports ?? null,
      address: given?.address ?? '',
      addresses: given?.addresses ?? null,
      nodeName: given?.nodeName ?? '',
      reservedUntil: given?.reservedUntil ?? null,
      players: given?.players ?? null,
      ...(spec.counters === undefined ? {} : { counters: given?.counters ?? spec.counters }),
      ...(spec.lists === undefined ? {} : { lists: given?.lists ?? spec.lists }),
      eviction: spec.eviction ?? {},
      immutableReplicas: 1,
      state: given?.state ?? firstState(spec),
    },
  };
}

/** A port that has to be found first costs a state of its own. */
function firstState(spec: GameServerSpec): GameServerState {
  const isAllocating = spec.ports?.some(({ portPolicy }) => portPolicy === 'Dynamic' || portPolicy === 'Passthrough');
  return isAllocating === true ? 'PortAllocation' : 'Creating';
}

export function defaultedGameServerSpec(sent: Partial<GameServerSpec>): GameServerSpec {
  const template = decodedTemplate(sent.template);
  const only = template.spec.containers?.length === 1 ? template.spec.containers[0]?.name : undefined;
  const container = only ?? sent.container;
  const { container: _replaced, ...others } = sent;
  return {
    ...others,
    ...(container === undefined ? {} : { container }),
    ...(sent.ports === undefined || sent.ports === null ? {} : { ports: sent.ports.map((port) => defaultedPort(port, container)) }),
    health: defaultedHealth(sent.health ?? {}),
    eviction: { safe: sent.eviction?.safe ?? 'Never' },
    immutableReplicas: 1,
    scheduling: textOr(sent.scheduling, 'Packed'),
    sdkServer: {
      grpcPort: positiveOr(sent.sdkServer?.grpcPort, 9357),
      httpPort: positiveOr(sent.sdkServer?.httpPort, 9358),
      logLevel: textOr(sent.sdkServer?.logLevel, 'Info'),
    },
    template,
  };
}

const defaultedPort = (port: GameServerPort, container: string | undefined): GameServerPort => ({
  ...port,
  portPolicy: textOr(port.portPolicy, 'Dynamic'),
  protocol: textOr(port.protocol, 'UDP'),
  range: textOr(port.range, 'default'),
  ...(container === undefined ? {} : { container: textOr(port.container, container) }),
});

function defaultedHealth(health: Health): Health {
  if (health.disabled === true) return health;
  return {
    periodSeconds: positiveOr(health.periodSeconds, 5),
    initialDelaySeconds: positiveOr(health.initialDelaySeconds, 5),
    failureThreshold: positiveOr(health.failureThreshold, 3),
  };
}

export function defaultedFleet(sent: Sent<Fleet>): Fleet {
  const spec = sent.spec ?? {};
  const type = textOr(spec.strategy?.type, 'RollingUpdate');
  const rolling = spec.strategy?.rollingUpdate;
  return {
    ...sent,
    metadata: withSdkVersion(sent.metadata),
    spec: {
      ...spec,
      replicas: spec.replicas ?? 0,
      scheduling: textOr(spec.scheduling, 'Packed'),
      strategy: {
        ...spec.strategy,
        type,
        ...(type === 'RollingUpdate'
          ? { rollingUpdate: { maxSurge: rolling?.maxSurge ?? '25%', maxUnavailable: rolling?.maxUnavailable ?? '25%' } }
          : {}),
      },
      ...(spec.priorities === undefined
        ? {}
        : { priorities: spec.priorities.map((priority) => ({ ...priority, key: priority.key ?? '' })) }),
      template: decodedGameServerTemplate(spec.template),
    },
  };
}

/** A fleet's template keeps what was sent; Agones only gives back the empty parts that its own types have. */
function decodedGameServerTemplate(sent: Partial<FleetSpec['template']> | undefined): FleetSpec['template'] {
  const spec: Partial<GameServerSpec> = sent?.spec ?? {};
  return {
    metadata: sent?.metadata ?? {},
    spec: {
      ...spec,
      health: spec.health ?? {},
      sdkServer: spec.sdkServer ?? {},
      immutableReplicas: 1,
      template: decodedTemplate(spec.template),
    },
  };
}

function decodedTemplate(sent: Partial<PodTemplate> | undefined): PodTemplate {
  const spec: Partial<PodTemplate['spec']> = sent?.spec ?? {};
  const decoded = {
    ...spec,
    // Without containers Agones writes null here, and the schema then refuses the object.
    containers: spec.containers?.map(withResources) ?? null,
    ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(withResources) }),
  };
  return { metadata: sent?.metadata ?? {}, spec: decoded as PodTemplate['spec'] };
}

const withResources = (container: Container): Container => ({ ...container, resources: container.resources ?? {} });

export function defaultedFleetAutoscaler(sent: Sent<FleetAutoscaler>): FleetAutoscaler {
  const seconds = positiveOr(sent.spec?.sync?.fixedInterval?.seconds, 30);
  const isNegative = (sent.spec?.sync?.fixedInterval?.seconds ?? 0) < 0;
  return {
    ...sent,
    spec: {
      ...sent.spec,
      fleetName: sent.spec?.fleetName ?? '',
      policy: defaultedPolicy(sent.spec?.policy ?? {}),
      sync: {
        type: textOr(sent.spec?.sync?.type, 'FixedInterval'),
        fixedInterval: isNegative ? { seconds: sent.spec?.sync?.fixedInterval?.seconds ?? 0 } : { seconds },
      },
    },
  };
}

function defaultedPolicy(policy: FleetAutoscalerPolicy): FleetAutoscalerPolicy {
  const { chain, ...others } = policy;
  return {
    ...others,
    type: policy.type ?? '',
    ...(policy.buffer === undefined ? {} : { buffer: defaultedBuffer(policy.buffer) }),
    ...withLeast(policy, 'counter'),
    ...withLeast(policy, 'list'),
    ...withTimes(policy),
    ...(chain === undefined || chain.length === 0 ? {} : { chain: chain.map(defaultedPolicy) }),
  };
}

const defaultedBuffer = (buffer: BufferPolicy): BufferPolicy => ({
  ...buffer,
  bufferSize: buffer.bufferSize ?? 0,
  minReplicas: buffer.minReplicas ?? 0,
});

function withLeast(policy: FleetAutoscalerPolicy, name: 'counter' | 'list'): Readonly<Record<string, unknown>> {
  const part = policy[name];
  return typeof part === 'object' && part !== null ? { [name]: { minCapacity: 0, ...part } } : {};
}

/** Agones writes an unset time as null, which its own schema refuses: a schedule needs both ends of `between`. */
function withTimes(policy: FleetAutoscalerPolicy): Readonly<Record<string, unknown>> {
  const { schedule } = policy;
  if (typeof schedule !== 'object' || schedule === null) return {};
  return { schedule: { ...schedule, between: { start: null, end: null, ...schedule.between } } };
}

const withSdkVersion = (metadata: ObjectMeta): ObjectMeta => ({
  ...metadata,
  annotations: { ...metadata.annotations, [SDK_VERSION_ANNOTATION]: AGONES_VERSION },
});

/** Go knows no unset number: zero and less count as unset. */
const positiveOr = (value: number | undefined, otherwise: number): number => (value === undefined || value <= 0 ? otherwise : value);

function textOr<Text extends string>(value: Text | undefined, otherwise: Text): Text {
  return value === undefined || value === '' ? otherwise : value;
}
