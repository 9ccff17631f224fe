/** What has to stand in a cluster before the stand-in can serve it. */
import { ALLOCATION_POLICY_RESOURCE } from './crds/allocation-policy-schema.ts';
import { FLEET_AUTOSCALER_RESOURCE } from './crds/fleet-autoscaler-schema.ts';
import { FLEET_RESOURCE, GAME_SERVER_SET_RESOURCE } from './crds/fleet-schema.ts';
import { GAME_SERVER_RESOURCE } from './crds/game-server-schema.ts';
import { definitionOf } from './crds/schema.ts';

/** The name under which the API server dials the stand-in; its certificate must carry it. */
export const SERVICE_NAME = 'agones-controller-service';
export const SYSTEM_NAMESPACE = 'agones-system';
export const SERVING_NAMES: readonly string[] = [
  `${SERVICE_NAME}.${SYSTEM_NAMESPACE}.svc`,
  `${SERVICE_NAME}.${SYSTEM_NAMESPACE}`,
  'localhost',
];

export type Manifest = Readonly<Record<string, unknown>> & {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
};

/** The names of the resources that the API server serves for the stand-in. */
export const CUSTOM_RESOURCES = [
  FLEET_RESOURCE,
  GAME_SERVER_SET_RESOURCE,
  GAME_SERVER_RESOURCE,
  FLEET_AUTOSCALER_RESOURCE,
  ALLOCATION_POLICY_RESOURCE,
];

/** The custom resource definitions alone: they have to be established before anything else can use them. */
export const customResourceManifests = (): Manifest[] => CUSTOM_RESOURCES.map((resource) => manifest(definitionOf(resource)));

/**
 * Service, service account, webhooks and the aggregated API. All of them lead to `https://localhost:port`, whose
 * certificate is signed by `caBundle` (PEM) and is valid for `SERVING_NAMES`.
 */
export function serviceManifests(port: number, caBundle: string, gameNamespaces: readonly string[]): Manifest[] {
  const bundle = Buffer.from(caBundle).toString('base64');
  return [
    manifest({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM_NAMESPACE } }),
    manifest({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: SERVICE_NAME, namespace: SYSTEM_NAMESPACE },
      spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ name: 'https', port }] },
    }),
    ...gameNamespaces.map((namespace) =>
      manifest({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'agones-sdk', namespace } }),
    ),
    webhooks('MutatingWebhookConfiguration', 'agones-mutation-webhook', 'mutations.agones.dev', '/mutate', port, bundle),
    webhooks('ValidatingWebhookConfiguration', 'agones-validation-webhook', 'validations.agones.dev', '/validate', port, bundle),
    manifest({
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1.allocation.agones.dev' },
      spec: {
        group: 'allocation.agones.dev',
        version: 'v1',
        groupPriorityMinimum: 1000,
        versionPriority: 15,
        service: { name: SERVICE_NAME, namespace: SYSTEM_NAMESPACE, port },
        caBundle: bundle,
      },
    }),
  ];
}

/** Defaults are set when an object is made; some verdicts also guard updates. */
function webhooks(kind: string, name: string, webhook: string, path: string, port: number, bundle: string): Manifest {
  const isMutation = path === '/mutate';
  const onChange = isMutation ? ['CREATE'] : ['CREATE', 'UPDATE'];
  const rule = (group: string, resource: string, operations: readonly string[]) => ({
    apiGroups: [group],
    apiVersions: ['v1'],
    resources: [resource],
    operations,
  });
  return manifest({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name },
    webhooks: [
      {
        name: webhook,
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Fail',
        timeoutSeconds: 10,
        clientConfig: { url: `https://localhost:${port}${path}`, caBundle: bundle },
        rules: [
          rule('agones.dev', 'gameservers', ['CREATE']),
          rule('agones.dev', 'fleets', onChange),
          rule('autoscaling.agones.dev', 'fleetautoscalers', ['CREATE', 'UPDATE']),
          ...(isMutation ? [] : [rule('agones.dev', 'gameserversets', ['CREATE', 'UPDATE'])]),
        ],
      },
    ],
  });
}

function manifest(value: Readonly<Record<string, unknown>>): Manifest {
  return value as Manifest;
}
