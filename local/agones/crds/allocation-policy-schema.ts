/** GameServerAllocationPolicy: kept, so that manifests that name it can be applied; the stand-in does not act on it. */
import { arrayOf, integer, object, text, type CustomResource } from './schema.ts';

export const ALLOCATION_POLICY_RESOURCE: CustomResource = {
  group: 'multicluster.agones.dev',
  kind: 'GameServerAllocationPolicy',
  singular: 'gameserverallocationpolicy',
  plural: 'gameserverallocationpolicies',
  shortNames: ['gsap'],
  schema: object({
    spec: object(
      {
        priority: integer(0, undefined, { format: 'int32' }),
        weight: integer(0, undefined, { format: 'int64' }),
        connectionInfo: object(
          {
            clusterName: text(),
            allocationEndpoints: arrayOf(text(), { minItems: 1 }),
            secretName: text(),
            namespace: text(),
            serverCa: text({ format: 'byte' }),
          },
          ['namespace'],
        ),
      },
      ['priority', 'weight'],
    ),
  }),
};
