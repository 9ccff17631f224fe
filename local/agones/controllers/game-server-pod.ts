/** The pod that runs a game server (pure): the game's own template, Agones' sidecar before it, and the wiring between them. */
import {
  AGONES_VERSION,
  GAME_SERVER_LABEL,
  SDK_VERSION_ANNOTATION,
  type Container,
  type ContainerPort,
  type GameServer,
  type PodSpec,
} from '../resources/game-server.ts';
import { ownedBy, type ObjectMeta } from '../resources/object-meta.ts';

export const SIDECAR_NAME = 'agones-gameserver-sidecar';
/** Nobody serves this image: the node stand-in knows which process it names. */
export const SIDECAR_IMAGE = `lifeverse.invalid/agones-sdk:${AGONES_VERSION}`;
export const SDK_HEALTH_PORT = 8080;
const SDK_SERVICE_ACCOUNT = 'agones-sdk';
const TOKEN_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';
const SAFE_TO_EVICT = 'cluster-autoscaler.kubernetes.io/safe-to-evict';

const FEATURE_GATES = [
  'AutopilotPassthroughPort=true',
  'CountsAndLists=true',
  'DisableResyncOnSDKServer=true',
  'Example=false',
  'FleetAutoscaleRequestMetaData=true',
  'GKEAutopilotExtendedDurationPods=true',
  'PlayerAllocationFilter=false',
  'PlayerTracking=false',
  'PortPolicyNone=true',
  'PortRanges=true',
  'ProcessorAllocator=false',
  'RollingUpdateFix=true',
  'ScheduledAutoscaler=true',
  'SidecarContainers=true',
  'WasmAutoscaler=false',
].join('&');

export interface NewPod {
  readonly apiVersion: 'v1';
  readonly kind: 'Pod';
  readonly metadata: Partial<ObjectMeta>;
  readonly spec: PodSpec;
}

export function podOf(gameServer: GameServer): NewPod {
  const { metadata, spec } = gameServer;
  const template = spec.template;
  const gameContainer = spec.container ?? '';
  const masksToken = (template.spec.serviceAccountName ?? '') === '';
  const wire = (container: Container): Container => wired(container, gameServer, masksToken && container.name === gameContainer);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: metadata.name,
      namespace: metadata.namespace,
      labels: {
        ...template.metadata?.labels,
        'agones.dev/role': 'gameserver',
        [GAME_SERVER_LABEL]: metadata.name,
        'agones.dev/safe-to-evict': String(spec.eviction?.safe !== 'Never'),
      },
      annotations: {
        ...template.metadata?.annotations,
        'agones.dev/container': gameContainer,
        [SDK_VERSION_ANNOTATION]: metadata.annotations?.[SDK_VERSION_ANNOTATION] ?? AGONES_VERSION,
        [SAFE_TO_EVICT]: String(spec.eviction?.safe === 'Always'),
        ...passthroughPorts(gameServer),
      },
      ownerReferences: [ownedBy(gameServer)],
    },
    spec: {
      ...template.spec,
      hostname: metadata.name,
      restartPolicy: template.spec.restartPolicy ?? 'Never',
      serviceAccountName: masksToken ? SDK_SERVICE_ACCOUNT : (template.spec.serviceAccountName ?? SDK_SERVICE_ACCOUNT),
      ...(spec.scheduling === 'Distributed' ? {} : { affinity: packed(template.spec.affinity) }),
      ...(masksToken ? { volumes: [...(template.spec.volumes ?? []), { name: 'empty', emptyDir: {} }] } : {}),
      initContainers: [sidecar(gameServer), ...(template.spec.initContainers ?? []).map(wire)],
      containers: template.spec.containers
        .map(wire)
        .map((container) => (container.name === gameContainer ? probed(container, gameServer) : container)),
    },
  };
}

/** Every container but the sidecar learns where the SDK is and gets its ports; only from the game the sidecar's token is hidden. */
function wired(container: Container, { spec }: GameServer, isMasked: boolean): Container {
  const ports = (spec.ports ?? [])
    .filter((port) => (port.container ?? spec.container) === container.name)
    .map(({ containerPort, hostPort, protocol }): ContainerPort => ({
      ...(containerPort === undefined ? {} : { containerPort }),
      ...(hostPort === undefined ? {} : { hostPort }),
      protocol: protocol ?? 'UDP',
    }));
  return {
    ...container,
    ...(ports.length === 0 ? {} : { ports: [...(container.ports ?? []), ...ports] }),
    env: [
      ...(container.env ?? []),
      { name: 'AGONES_SDK_GRPC_PORT', value: String(spec.sdkServer?.grpcPort ?? 9357) },
      { name: 'AGONES_SDK_HTTP_PORT', value: String(spec.sdkServer?.httpPort ?? 9358) },
    ],
    ...(isMasked
      ? {
          volumeMounts: [...(container.volumeMounts ?? []), { name: 'empty', readOnly: true, mountPath: TOKEN_FOLDER }],
        }
      : {}),
  };
}

/** The sidecar judges the game's health; the kubelet only asks it. */
function probed(container: Container, { spec }: GameServer): Container {
  if (spec.health?.disabled === true || container.livenessProbe !== undefined) return container;
  return {
    ...container,
    livenessProbe: {
      httpGet: { path: '/gshealthz', port: SDK_HEALTH_PORT },
      initialDelaySeconds: spec.health?.initialDelaySeconds ?? 5,
      periodSeconds: spec.health?.periodSeconds ?? 5,
      failureThreshold: spec.health?.failureThreshold ?? 3,
    },
  };
}

function sidecar({ metadata, spec }: GameServer): Container {
  return {
    name: SIDECAR_NAME,
    image: SIDECAR_IMAGE,
    imagePullPolicy: 'IfNotPresent',
    args: [`--grpc-port=${spec.sdkServer?.grpcPort ?? 9357}`, `--http-port=${spec.sdkServer?.httpPort ?? 9358}`],
    env: [
      { name: 'GAMESERVER_NAME', value: metadata.name },
      { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } } },
      { name: 'FEATURE_GATES', value: FEATURE_GATES },
      { name: 'LOG_LEVEL', value: spec.sdkServer?.logLevel ?? 'Info' },
      { name: 'REQUESTS_RATE_LIMIT', value: '500ms' },
    ],
    resources: {},
    restartPolicy: 'Always',
    livenessProbe: {
      httpGet: { path: '/healthz', port: SDK_HEALTH_PORT },
      initialDelaySeconds: 3,
      periodSeconds: 3,
    },
    securityContext: { runAsUser: 1000, runAsNonRoot: true, allowPrivilegeEscalation: false },
  };
}

/** Which ports of which container are passed through, by their place: cloud providers with their own kubelet read it. */
function passthroughPorts({ spec }: GameServer): Readonly<Record<string, string>> {
  const places: Record<string, number[]> = {};
  const counted: Record<string, number> = {};
  for (const port of spec.ports ?? []) {
    const container = port.container ?? spec.container ?? '';
    const place = counted[container] ?? 0;
    counted[container] = place + 1;
    if (port.portPolicy === 'Passthrough') (places[container] ??= []).push(place);
  }
  if (Object.keys(places).length === 0) return {};
  return { 'agones.dev/container-passthrough-port-assignment': JSON.stringify(places) };
}

function packed(affinity: PodSpec['affinity']): Readonly<Record<string, unknown>> {
  return {
    podAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 100,
          podAffinityTerm: {
            labelSelector: { matchLabels: { 'agones.dev/role': 'gameserver' } },
            topologyKey: 'kubernetes.io/hostname',
          },
        },
      ],
    },
    ...affinity,
  };
}
