/** What a release asks of one cluster's API server. */
import { ApiException, CoreV1Api, CustomObjectsApi, PatchStrategy, setHeaderOptions, type KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import { within } from '../../runtime/deadline.ts';

const FLEETS = { group: 'agones.dev', version: 'v1', plural: 'fleets' };
const GAME_SERVERS = { group: 'agones.dev', version: 'v1', plural: 'gameservers' };
const AUTOSCALERS = { group: 'autoscaling.agones.dev', version: 'v1', plural: 'fleetautoscalers' };

/** Under which the API server notes what a release has written. */
const FIELD_MANAGER = 'lifeverse-release';
const CALL_MS = 20_000;
/** Pods that are looked at closely; one that fails to start seldom fails alone. */
const MOST_PODS = 5;

const List = z.object({ items: z.array(z.unknown()) });
const ServerObject = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  status: z.object({ state: z.string().default('') }).default({ state: '' }),
});
const Identity = z.object({
  metadata: z.object({ uid: z.string(), resourceVersion: z.string() }),
  spec: z.object({ replicas: z.int().default(0) }),
});

export interface KubeServer {
  readonly name: string;
  readonly uid: string;
  readonly state: string;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface HoldUp {
  readonly server: string;
  readonly reason: string;
  readonly message: string;
}

export function openKubeFleets(cluster: string, config: KubeConfig, namespace: string) {
  const custom = config.makeApiClient(CustomObjectsApi);
  const core = config.makeApiClient(CoreV1Api);
  const call = <R>(what: string, work: Promise<R>): Promise<R> =>
    within(CALL_MS, what, work).catch((cause: unknown) => {
      throw clusterFailure(cluster, cause);
    });
  const list = async (resource: typeof FLEETS, labelSelector?: string): Promise<unknown[]> => {
    const asked = { ...resource, namespace, ...(labelSelector === undefined ? {} : { labelSelector }) };
    return List.parse(await call(`the list of ${resource.plural}`, custom.listNamespacedCustomObject(asked))).items;
  };
  const patch = (resource: typeof FLEETS, name: string, body: object, strategy: PatchStrategy) =>
    call(
      `the change of ${resource.plural} ${name}`,
      custom.patchNamespacedCustomObject(
        {
          ...resource,
          namespace,
          name,
          body,
          fieldManager: FIELD_MANAGER,
          ...(strategy === PatchStrategy.ServerSideApply ? { force: true } : {}),
        },
        setHeaderOptions('Content-Type', strategy),
      ),
    );
  const servers = async (fleet: string): Promise<KubeServer[]> =>
    (await list(GAME_SERVERS, `agones.dev/fleet=${fleet}`)).map((object) => {
      const { metadata, status } = ServerObject.parse(object);
      return { name: metadata.name, uid: metadata.uid, state: status.state, annotations: metadata.annotations };
    });

  return {
    fleets: () => list(FLEETS),
    autoscalers: () => list(AUTOSCALERS),
    servers,
    applyFleet: (manifest: { metadata: { name: string } }) =>
      patch(FLEETS, manifest.metadata.name, { ...manifest, metadata: { ...manifest.metadata, namespace } }, PatchStrategy.ServerSideApply),
    applyAutoscaler: ({ name, spec }: { name: string; spec: object }) => {
      const body = { apiVersion: 'autoscaling.agones.dev/v1', kind: 'FleetAutoscaler', metadata: { name, namespace }, spec };
      return patch(AUTOSCALERS, name, body, PatchStrategy.ServerSideApply);
    },
    changeFleet: (name: string, change: object) => patch(FLEETS, name, change, PatchStrategy.MergePatch),
    deleteAutoscaler: (name: string) =>
      orAbsent(call(`the end of the autoscaler ${name}`, custom.deleteNamespacedCustomObject({ ...AUTOSCALERS, namespace, name }))),
    /** Only one that wants no server and has none; whoever scales it up meanwhile wins. @returns whether it is gone */
    deleteEmptyFleet: async (name: string): Promise<boolean> => {
      const found = await call(`the look at ${name}`, custom.getNamespacedCustomObject({ ...FLEETS, namespace, name }));
      const { metadata, spec } = Identity.parse(found);
      if (spec.replicas > 0 || (await servers(name)).length > 0) return false;
      const preconditions = { uid: metadata.uid, resourceVersion: metadata.resourceVersion };
      const asked = { ...FLEETS, namespace, name, body: { preconditions, propagationPolicy: 'Background' } };
      return call(`the end of ${name}`, custom.deleteNamespacedCustomObject(asked)).then(
        () => true,
        (cause: unknown) => {
          if (codeOf(cause) === 409) return false;
          throw cause;
        },
      );
    },
    /** What keeps the pods of these servers from running, in Kubernetes' words. */
    holdUps: async (of: readonly KubeServer[]): Promise<HoldUp[]> => {
      const pods = await Promise.all(
        of
          .slice(0, MOST_PODS)
          .map(({ name }) => orAbsent(call(`the look at the pod ${name}`, core.readNamespacedPod({ namespace, name })))),
      );
      return pods.flatMap((pod) => {
        const all = [...(pod?.status?.initContainerStatuses ?? []), ...(pod?.status?.containerStatuses ?? [])];
        const server = pod?.metadata?.name ?? '';
        return all.flatMap(({ state }) => {
          const { reason, message = '' } = state?.waiting ?? {};
          return reason === undefined ? [] : [{ server, reason, message }];
        });
      });
    },
    /** The last warning about a game server, if Kubernetes still has it. */
    lastWarning: async (server: string): Promise<string | undefined> => {
      const fieldSelector = `involvedObject.kind=GameServer,involvedObject.name=${server},type=Warning`;
      const { items } = await call('the look at events', core.listNamespacedEvent({ namespace, fieldSelector, limit: 20 }));
      const last = items.at(-1);
      return last === undefined ? undefined : `${last.reason ?? ''}: ${last.message ?? ''}`;
    },
  };
}

/** What failed at a cluster, in words for whoever has to mend it. */
export function clusterFailure(cluster: string, cause: unknown): Error {
  const code = codeOf(cause);
  const said = cause instanceof ApiException ? Said.safeParse(bodyOf(cause)).data?.message : undefined;
  const words = cause instanceof Error ? [cause.message, causeOf(cause)].filter((one) => one !== undefined).join(': ') : String(cause);
  return new Error(`${cluster}: ${code === undefined ? words : `the API server says ${code}${said === undefined ? '' : `, ${said}`}`}`, {
    cause,
  });
}

const Said = z.object({ message: z.string() });

function bodyOf({ body }: ApiException<unknown>): unknown {
  if (typeof body !== 'string') return body;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function causeOf({ cause }: Error): string | undefined {
  return cause instanceof Error ? cause.message : undefined;
}

export function codeOf(cause: unknown): number | undefined {
  if (cause instanceof ApiException) return cause.code;
  return cause instanceof Error && cause.cause !== undefined ? codeOf(cause.cause) : undefined;
}

async function orAbsent<R>(work: Promise<R>): Promise<R | undefined> {
  try {
    return await work;
  } catch (cause) {
    if (codeOf(cause) === 404) return undefined;
    throw cause;
  }
}
