/** A pod, as far as the stand-in for kubelet and scheduler reads one. Parsed at the watch; what it does not know is ignored. */
import { z } from 'zod';
import type { Resource } from '../agones/resources/resource.ts';

const Texts = z.record(z.string(), z.string());

const KeyRef = z.object({ name: z.string().default(''), key: z.string(), optional: z.boolean().default(false) });

const EnvVar = z.object({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .object({
      fieldRef: z.object({ fieldPath: z.string() }).optional(),
      configMapKeyRef: KeyRef.optional(),
      secretKeyRef: KeyRef.optional(),
    })
    .optional(),
});

const SourceRef = z.object({ name: z.string().default(''), optional: z.boolean().default(false) });
const EnvFrom = z.object({ prefix: z.string().default(''), configMapRef: SourceRef.optional(), secretRef: SourceRef.optional() });

const HttpGet = z.object({
  path: z.string().default('/'),
  port: z.union([z.int(), z.string()]),
  scheme: z.enum(['HTTP', 'HTTPS']).default('HTTP'),
});

const Probe = z.object({
  httpGet: HttpGet.optional(),
  tcpSocket: z.object({ port: z.union([z.int(), z.string()]) }).optional(),
  initialDelaySeconds: z.number().default(0),
  periodSeconds: z.number().default(10),
  timeoutSeconds: z.number().default(1),
  successThreshold: z.number().default(1),
  failureThreshold: z.number().default(3),
});
export type Probe = z.infer<typeof Probe>;

const ContainerPort = z.object({
  name: z.string().optional(),
  containerPort: z.int(),
  hostPort: z.int().optional(),
  protocol: z.string().default('TCP'),
});

const Resources = z.object({ requests: Texts.optional(), limits: Texts.optional() });
export type Resources = z.infer<typeof Resources>;

const Container = z.object({
  name: z.string(),
  image: z.string().default(''),
  resources: Resources.default({}),
  command: z.array(z.string()).default([]),
  args: z.array(z.string()).default([]),
  env: z.array(EnvVar).default([]),
  envFrom: z.array(EnvFrom).default([]),
  ports: z.array(ContainerPort).default([]),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string(), subPath: z.string().optional() })).default([]),
  livenessProbe: Probe.optional(),
  readinessProbe: Probe.optional(),
  startupProbe: Probe.optional(),
  lifecycle: z.object({ preStop: z.object({ httpGet: HttpGet.optional() }).optional() }).optional(),
  /** Only on init containers, where `Always` makes a native sidecar. */
  restartPolicy: z.string().optional(),
});
export type Container = z.infer<typeof Container>;

const Items = z.array(z.object({ key: z.string(), path: z.string() })).optional();
const ServiceAccountToken = z.object({ audience: z.string().default(''), expirationSeconds: z.number().default(3_600), path: z.string() });
const DownwardItem = z.object({ path: z.string(), fieldRef: z.object({ fieldPath: z.string() }).optional() });

const ProjectedSource = z.object({
  serviceAccountToken: ServiceAccountToken.optional(),
  configMap: z.object({ name: z.string(), items: Items, optional: z.boolean().default(false) }).optional(),
  secret: z.object({ name: z.string(), items: Items, optional: z.boolean().default(false) }).optional(),
  downwardAPI: z.object({ items: z.array(DownwardItem).default([]) }).optional(),
});
export type ProjectedSource = z.infer<typeof ProjectedSource>;

const Volume = z.object({
  name: z.string(),
  emptyDir: z.unknown().optional(),
  configMap: z.object({ name: z.string(), items: Items, optional: z.boolean().default(false) }).optional(),
  secret: z.object({ secretName: z.string(), items: Items, optional: z.boolean().default(false) }).optional(),
  projected: z.object({ sources: z.array(ProjectedSource).default([]) }).optional(),
});
export type Volume = z.infer<typeof Volume>;

const PodBody = z.object({
  // The bookmarks of a watch come as pods with nothing but a resourceVersion.
  metadata: z.object({
    name: z.string().default(''),
    namespace: z.string().default(''),
    uid: z.string().default(''),
    resourceVersion: z.string(),
    labels: Texts.optional(),
    annotations: Texts.optional(),
    deletionTimestamp: z.string().optional(),
    deletionGracePeriodSeconds: z.number().optional(),
  }),
  spec: z.object({
    nodeName: z.string().optional(),
    nodeSelector: Texts.default({}),
    schedulerName: z.string().default('default-scheduler'),
    serviceAccountName: z.string().default('default'),
    restartPolicy: z.enum(['Always', 'OnFailure', 'Never']).default('Always'),
    terminationGracePeriodSeconds: z.number().default(30),
    initContainers: z.array(Container).default([]),
    containers: z
      .array(Container)
      .nullish()
      .transform((containers) => containers ?? []),
    volumes: z.array(Volume).default([]),
  }),
  status: z.object({ phase: z.string().default('Pending') }).default({ phase: 'Pending' }),
});

export type Pod = Omit<z.infer<typeof PodBody>, 'metadata'> & {
  readonly apiVersion: 'v1';
  readonly kind: 'Pod';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
    readonly deletionGracePeriodSeconds?: number;
  };
};

/** For the watch. Items of a list come without their kind. */
export const PODS: Resource<Pod> = {
  kind: 'Pod',
  apiVersion: 'v1',
  plural: 'pods',
  namespaced: true,
  parse: (value) => ({ ...PodBody.parse(value), apiVersion: 'v1', kind: 'Pod' }) as Pod,
};

export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

export function isFinished(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}
