/** Who the smoke test is: a pod that never runs, to which its token is bound. Pure. */
import { AUDIENCE } from '../../../contracts/roles.ts';
import { SERVICES_NAMESPACE, SMOKE_ACCOUNT } from '../settings/trusted-issuers.ts';

const NAME = 'smoke';
/** A scheduling gate that nobody lifts: the pod holds an identity and costs nothing. */
const GATE = 'lifeverse.dev/identity-only';
const MINUTES = 10;

/** A service account without any right in the cluster, and the pod. What the services believe are tokens bound to a pod, so that one ends with it. */
export function smokeIdentity(image: string): string {
  const metadata = {
    name: NAME,
    namespace: SERVICES_NAMESPACE,
    labels: { 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/part-of': 'lifeverse' },
  };
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { ...metadata, name: SMOKE_ACCOUNT },
    automountServiceAccountToken: false,
  };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: {
      serviceAccountName: SMOKE_ACCOUNT,
      automountServiceAccountToken: false,
      schedulingGates: [{ name: GATE }],
      securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'never-runs',
          image,
          resources: { requests: { cpu: '1m', memory: '8Mi' }, limits: { cpu: '1m', memory: '8Mi' } },
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [account, pod] });
}

export const applyIdentityArgs: readonly string[] = [
  'apply',
  '--server-side',
  '--field-manager=lifeverse-deploy',
  '--force-conflicts',
  '--filename=-',
];

export const createTokenArgs: readonly string[] = [
  'create',
  'token',
  SMOKE_ACCOUNT,
  `--namespace=${SERVICES_NAMESPACE}`,
  `--audience=${AUDIENCE}`,
  `--duration=${MINUTES}m`,
  '--bound-object-kind=Pod',
  `--bound-object-name=${NAME}`,
];

export const deleteIdentityArgs: readonly string[] = [
  'delete',
  'pod',
  NAME,
  `--namespace=${SERVICES_NAMESPACE}`,
  '--ignore-not-found',
  '--wait=false',
];
