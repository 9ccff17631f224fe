/** FleetAutoscaler: what sets a fleet's replicas. */
import {
  arrayOf,
  flag,
  integer,
  intOrText,
  mapOf,
  nullable,
  object,
  oneOf,
  text,
  time,
  type CustomResource,
  type Schema,
} from './schema.ts';

const caBundle = text({ format: 'byte' });

const webhookFields: Readonly<Record<string, Schema>> = {
  caBundle,
  service: object({ name: text(), namespace: text(), path: text(), port: integer() }, ['namespace', 'name']),
  url: text(),
};

const capacityPolicy: Schema = nullable(
  object({ key: text(), bufferSize: intOrText, minCapacity: integer(0), maxCapacity: integer(1) }, ['key', 'bufferSize', 'maxCapacity']),
);

/** The policies that stand alone; the ones below contain others. */
const simplePolicies: Readonly<Record<string, Schema>> = {
  buffer: nullable(object({ bufferSize: intOrText, minReplicas: integer(0), maxReplicas: integer(1) }, ['maxReplicas'])),
  webhook: nullable(object(webhookFields)),
  counter: capacityPolicy,
  list: capacityPolicy,
  wasm: nullable(
    object(
      {
        from: object({ url: nullable(object(webhookFields)) }, ['url']),
        function: text({ default: 'scale' }),
        config: mapOf(text()),
        hash: text({ pattern: '^[a-fA-F0-9]{64}$' }),
      },
      ['from'],
    ),
  ),
};

const SIMPLE_TYPES = ['Buffer', 'Webhook', 'Counter', 'List', 'Wasm'];

const schedule: Schema = nullable(
  object(
    {
      between: nullable(object({ start: text(), end: text() })),
      activePeriod: nullable(object({ timezone: text(), startCron: text(), duration: text() })),
      policy: object({ type: oneOf(SIMPLE_TYPES), ...simplePolicies }, ['type']),
    },
    ['policy'],
  ),
);

const chain: Schema = nullable(
  arrayOf(object({ id: text(), type: oneOf([...SIMPLE_TYPES, 'Schedule']), schedule, ...simplePolicies }, ['type'])),
);

export const FLEET_AUTOSCALER_RESOURCE: CustomResource = {
  group: 'autoscaling.agones.dev',
  kind: 'FleetAutoscaler',
  singular: 'fleetautoscaler',
  plural: 'fleetautoscalers',
  shortNames: ['fas'],
  schema: object({
    spec: object(
      {
        fleetName: text({ minLength: 1, maxLength: 63, pattern: '^[a-z0-9]([-\\.a-z0-9]*[a-z0-9])?$' }),
        policy: object({ type: oneOf([...SIMPLE_TYPES, 'Schedule', 'Chain']), schedule, chain, ...simplePolicies }, ['type']),
        sync: object(
          {
            type: oneOf(['FixedInterval']),
            fixedInterval: nullable(object({ seconds: integer(0, undefined, { exclusiveMinimum: true }) }, ['seconds'])),
          },
          ['type'],
        ),
      },
      ['fleetName', 'policy'],
    ),
    status: object({
      currentReplicas: integer(),
      desiredReplicas: integer(),
      lastScaleTime: nullable(time),
      ableToScale: flag,
      scalingLimited: flag,
      lastAppliedPolicy: text({ default: '' }),
    }),
  }),
  subresources: { status: {} },
};
