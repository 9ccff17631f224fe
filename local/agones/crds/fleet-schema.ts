/** Fleet and GameServerSet: a wanted number of like game servers, and one generation of them. */
import { GAME_SERVER_TEMPLATE, SCHEDULING } from './game-server-schema.ts';
import {
  arrayOf,
  integer,
  intOrText,
  mapOf,
  nullable,
  object,
  oneOf,
  text,
  texts,
  type Column,
  type CustomResource,
  type Schema,
} from './schema.ts';

const COUNT = integer(0);

const aggregated = nullable(
  mapOf(
    object({
      allocatedCapacity: COUNT,
      allocatedCount: COUNT,
      capacity: COUNT,
      count: integer(0, undefined, { default: 0 }),
    }),
    { maxProperties: 1000 },
  ),
);

const replicaCounts: Readonly<Record<string, Schema>> = {
  replicas: COUNT,
  readyReplicas: COUNT,
  reservedReplicas: COUNT,
  allocatedReplicas: COUNT,
  players: nullable(object({ capacity: COUNT, count: COUNT })),
  counters: aggregated,
  lists: aggregated,
};

const shared: Readonly<Record<string, Schema>> = {
  replicas: COUNT,
  scheduling: SCHEDULING,
  allocationOverflow: nullable(object({ labels: texts, annotations: texts })),
  priorities: nullable(
    arrayOf(
      object({
        type: oneOf(['Counter', 'List']),
        key: text(),
        order: oneOf(['Ascending', 'Descending'], { default: 'Ascending' }),
      }),
    ),
  ),
  template: GAME_SERVER_TEMPLATE,
};

const columns: readonly Column[] = [
  { name: 'Scheduling', type: 'string', jsonPath: '.spec.scheduling' },
  { name: 'Desired', type: 'integer', jsonPath: '.spec.replicas' },
  { name: 'Current', type: 'integer', jsonPath: '.status.replicas' },
  { name: 'Allocated', type: 'integer', jsonPath: '.status.allocatedReplicas' },
  { name: 'Ready', type: 'integer', jsonPath: '.status.readyReplicas' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
];

const subresources: Schema = {
  status: {},
  scale: {
    specReplicasPath: '.spec.replicas',
    statusReplicasPath: '.status.replicas',
    labelSelectorPath: '.status.labelSelector',
  },
};

export const FLEET_RESOURCE: CustomResource = {
  group: 'agones.dev',
  kind: 'Fleet',
  singular: 'fleet',
  plural: 'fleets',
  shortNames: ['flt'],
  schema: object({
    spec: object(
      {
        ...shared,
        strategy: object({
          type: oneOf(['Recreate', 'RollingUpdate']),
          rollingUpdate: nullable(object({ maxSurge: intOrText, maxUnavailable: intOrText })),
        }),
      },
      ['template'],
    ),
    status: object({ ...replicaCounts, allocations: COUNT }),
  }),
  columns,
  subresources,
};

export const GAME_SERVER_SET_RESOURCE: CustomResource = {
  group: 'agones.dev',
  kind: 'GameServerSet',
  singular: 'gameserverset',
  plural: 'gameserversets',
  shortNames: ['gss', 'gsset'],
  schema: object({
    spec: object(shared, ['template']),
    status: object({ ...replicaCounts, shutdownReplicas: COUNT }),
  }),
  columns,
  subresources,
};
