/**
 * One release at a time: a Lease in each cluster, taken in the order of the clusters' names. Whoever comes second is told who holds it;
 * who was killed loses it when it has run out, or at once to the same person on the same machine.
 */
import { CustomObjectsApi, type KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import { pause, within } from '../../runtime/deadline.ts';
import { clusterFailure, codeOf } from './kube-fleets.ts';

export interface Holder {
  readonly person: string;
  readonly host: string;
  readonly pid: number;
  /** So that a process whose number is used again is another one. */
  readonly nonce: string;
}

export interface LeaseParts {
  readonly name: string;
  readonly config: KubeConfig;
  readonly namespace: string;
  readonly holder: Holder;
  readonly now: () => number;
  /** Whether a process of this machine is there. */
  readonly isAlive: (pid: number) => boolean;
  readonly signal: AbortSignal;
}

export interface ReleaseLease {
  /** To be called before each write. @throws when the lease is not ours any more. */
  check(): void;
  giveBack(): Promise<void>;
}

/** Somebody else is at it. */
export class LeaseHeld extends Error {}

const Lease = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  spec: z
    .object({
      holderIdentity: z.string().optional(),
      leaseDurationSeconds: z.int().optional(),
      acquireTime: z.string().optional(),
      renewTime: z.string().optional(),
    })
    .default({}),
});
type Lease = z.infer<typeof Lease>;

const LEASES = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' };
const LEASE = 'lifeverse-release';
const LASTS_SECONDS = 30;
const RENEW_MS = 8_000;
const CALL_MS = 10_000;
/** A write that was checked and left may arrive so much later. */
const MARGIN_MS = 10_000;

/** @throws LeaseHeld that says who holds it, and until when. */
export async function takeLease(parts: LeaseParts): Promise<ReleaseLease> {
  const { config, namespace, name, now } = parts;
  const api = config.makeApiClient(CustomObjectsApi);
  const identity = identityOf(parts.holder);
  const sent = async (what: string, call: Promise<unknown>) =>
    Lease.parse(
      await within(CALL_MS, what, call).catch((cause: unknown) => {
        throw clusterFailure(name, cause);
      }),
    );
  const read = () => sent('the look at the lease', api.getNamespacedCustomObject({ ...LEASES, namespace, name: LEASE }));
  const put = (before: Lease | undefined, spec: Lease['spec']): Promise<Lease> => {
    const metadata = { name: LEASE, namespace, ...(before === undefined ? {} : { resourceVersion: before.metadata.resourceVersion }) };
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
    if (before === undefined) return sent('the new lease', api.createNamespacedCustomObject({ ...LEASES, namespace, body }));
    return sent('the lease', api.replaceNamespacedCustomObject({ ...LEASES, namespace, name: LEASE, body }));
  };
  const write = (before: Lease | undefined): Promise<Lease> => {
    const at = microTime(now());
    const acquireTime = before?.spec.holderIdentity === identity ? (before.spec.acquireTime ?? at) : at;
    return put(before, { holderIdentity: identity, leaseDurationSeconds: LASTS_SECONDS, acquireTime, renewTime: at });
  };

  let held = await acquire(parts, read, write);
  let goodUntil = now() + LASTS_SECONDS * 1_000 - MARGIN_MS;
  let lost: Error | undefined;
  const ending = new AbortController();
  const renewing = (async () => {
    const until = AbortSignal.any([parts.signal, ending.signal]);
    for (;;) {
      await pause(RENEW_MS, until);
      if (until.aborted) return;
      const at = now();
      try {
        held = await write(held);
        goodUntil = at + LASTS_SECONDS * 1_000 - MARGIN_MS;
      } catch (cause) {
        // Anything but a conflict may pass; and a conflict may be with a write of ours whose answer did not come.
        if (codeOf(cause) !== 409) continue;
        const found = await read().catch(() => undefined);
        if (found === undefined) continue;
        held = found;
        if (found.spec.holderIdentity === identity) continue;
        lost = new Error(`${name}: another release has taken over; look at what it does, then run again`, { cause });
        return;
      }
    }
  })();
  return {
    check: () => {
      if (lost !== undefined) throw lost;
      if (now() > goodUntil)
        throw new Error(`${name}: the lease could not be renewed in time: stopped before another release may begin. Run again`);
    },
    giveBack: async () => {
      ending.abort();
      await renewing;
      if (lost !== undefined) return;
      // It has run out by itself soon: a failure here keeps nobody out for long.
      await put(held, {}).catch(() => {});
    },
  };
}

async function acquire(
  parts: LeaseParts,
  read: () => Promise<Lease>,
  write: (before: Lease | undefined) => Promise<Lease>,
): Promise<Lease> {
  const found = await read().catch((cause: unknown) => {
    if (codeOf(cause) === 404) return undefined;
    throw cause;
  });
  const why = found === undefined ? undefined : heldBy(parts, found);
  if (why !== undefined) throw new LeaseHeld(`${parts.name}: ${why}`);
  try {
    return await write(found);
  } catch (cause) {
    if (codeOf(cause) !== 409) throw cause;
    throw new LeaseHeld(`${parts.name}: somebody else has begun a release at this moment. Run again to be told who`, { cause });
  }
}

/** Undefined: it may be taken. */
function heldBy({ holder, now, isAlive }: LeaseParts, { spec }: Lease): string | undefined {
  const identity = spec.holderIdentity ?? '';
  if (identity === '') return undefined;
  const until = Date.parse(spec.renewTime ?? '1970-01-01T00:00:00Z') + (spec.leaseDurationSeconds ?? LASTS_SECONDS) * 1_000;
  const left = Math.ceil((until - now()) / 1_000);
  if (left <= 0) return undefined;
  const [who = '', host = '', pid = ''] = identity.split(' ');
  const isDead = who === holder.person && host === holder.host && !isAlive(Number(pid));
  if (isDead) return undefined;
  const since = spec.acquireTime ?? 'a while ago';
  return `${who} on ${host} (process ${pid}) has been releasing since ${since}. Wait for it, or end it there; what is killed frees this within ${left} s`;
}

function identityOf({ person, host, pid, nonce }: Holder): string {
  return [person, host, pid, nonce].join(' ');
}

/** As Kubernetes wants it in a Lease: six digits after the point. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
