/** GameServer: one dedicated server process. It has no status subresource: a write may change spec and status at once. */
import {
  anything,
  arrayOf,
  flag,
  integer,
  mapOf,
  nullable,
  object,
  oneOf,
  text,
  texts,
  time,
  type CustomResource,
  type Schema,
} from './schema.ts';

const SECONDS_MAX = 2147483648;
const PORT = integer(1, 65535);

const templateMetadata: Schema = object({
  name: text(),
  generateName: text(),
  namespace: text(),
  labels: texts,
  annotations: texts,
  finalizers: arrayOf(text()),
  creationTimestamp: nullable(time),
});

/** Pods are checked by the API server when the pod is made; here only what a game server itself relies on. */
const podTemplate: Schema = object({
  metadata: templateMetadata,
  spec: {
    ...object({ containers: arrayOf({ ...anything, properties: { name: text() }, required: ['name'] }) }, ['containers']),
    'x-kubernetes-preserve-unknown-fields': true,
  },
});

export const COUNTERS = nullable(
  mapOf(object({ count: integer(0, undefined, { default: 0 }), capacity: integer(0, undefined, { default: 1000 }) }), {
    maxProperties: 1000,
  }),
);

export const LISTS = nullable(
  mapOf(
    object({
      capacity: integer(0, 1000, { default: 1000 }),
      values: arrayOf(text(), { default: [], maxItems: 1000, 'x-kubernetes-list-type': 'set' }),
    }),
    { maxProperties: 1000 },
  ),
);

export const SCHEDULING = oneOf(['Packed', 'Distributed']);
const EVICTION = object({ safe: oneOf(['Always', 'OnUpgrade', 'Never']) });
const ONE_REPLICA = integer(1, 1, { default: 1 });

export const GAME_SERVER_SPEC: Schema = object(
  {
    container: text({ minLength: 0, maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' }),
    ports: nullable(
      arrayOf(
        object({
          name: text(),
          range: text(),
          portPolicy: oneOf(['Dynamic', 'Static', 'Passthrough', 'None']),
          protocol: oneOf(['UDP', 'TCP', 'TCPUDP']),
          container: text(),
          containerPort: PORT,
          hostPort: PORT,
        }),
      ),
    ),
    health: object({
      disabled: flag,
      initialDelaySeconds: integer(0, SECONDS_MAX),
      periodSeconds: integer(0, SECONDS_MAX),
      failureThreshold: integer(1, SECONDS_MAX),
    }),
    scheduling: SCHEDULING,
    sdkServer: object({ logLevel: oneOf(['Error', 'Info', 'Debug', 'Trace']), grpcPort: PORT, httpPort: PORT }),
    eviction: EVICTION,
    players: nullable(object({ initialCapacity: integer(0) })),
    counters: COUNTERS,
    lists: LISTS,
    immutableReplicas: ONE_REPLICA,
    template: podTemplate,
  },
  ['template'],
);

export const GAME_SERVER_TEMPLATE: Schema = object({ metadata: templateMetadata, spec: GAME_SERVER_SPEC }, ['spec']);

const GAME_SERVER_STATUS: Schema = object({
  state: oneOf([
    'PortAllocation',
    'Creating',
    'Starting',
    'Scheduled',
    'RequestReady',
    'Ready',
    'Shutdown',
    'Error',
    'Unhealthy',
    'Reserved',
    'Allocated',
  ]),
  ports: nullable(arrayOf(object({ name: text(), port: integer() }))),
  address: text(),
  addresses: nullable(arrayOf(object({ type: text(), address: text() }))),
  nodeName: text(),
  reservedUntil: nullable(time),
  players: nullable(object({ count: integer(), capacity: integer(), ids: nullable(arrayOf(text())) })),
  counters: COUNTERS,
  lists: LISTS,
  eviction: EVICTION,
  immutableReplicas: ONE_REPLICA,
});

export const GAME_SERVER_RESOURCE: CustomResource = {
  group: 'agones.dev',
  kind: 'GameServer',
  singular: 'gameserver',
  plural: 'gameservers',
  shortNames: ['gs'],
  schema: object({ spec: GAME_SERVER_SPEC, status: GAME_SERVER_STATUS }, ['spec']),
  subresources: {
    scale: { specReplicasPath: '.spec.immutableReplicas', statusReplicasPath: '.status.immutableReplicas' },
  },
  columns: [
    { name: 'State', type: 'string', jsonPath: '.status.state' },
    { name: 'Address', type: 'string', jsonPath: '.status.address' },
    { name: 'Port', type: 'string', jsonPath: '.status.ports[0].port' },
    { name: 'Node', type: 'string', jsonPath: '.status.nodeName' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  selectableFields: ['.status.state', '.status.nodeName'],
};
