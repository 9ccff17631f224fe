/**
 * Leases in MongoDB: of several processes one does a thing at a time, and says by an epoch which one it is.
 *
 * A holder that is paused wakes with an epoch that may be over: whatever it writes must be harmless then, by naming the epoch
 * or by a compare-and-set of its own. The lease only spares the others the work.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from 'mongodb';
import { z } from 'zod';
import { pause, within } from '../deadline.ts';
import type { Log } from '../log.ts';
import { documentsOf } from './collection.ts';

const LeaseDocument = z.object({ _id: z.string(), holder: z.string(), epoch: z.int(), until: z.date() });

export interface Leases {
  /** Takes or prolongs a lease. The epoch, counted up at each change of holder; `undefined` while another holds it. */
  hold(name: string, ms: number): Promise<number | undefined>;
  /** Gives it up, so that the next need not wait. */
  letGo(name: string): Promise<void>;
}

/** @param holder names this process. @param now milliseconds since the epoch. */
export function openLeases(db: Db, holder: string, now: () => number): Leases {
  const documents = documentsOf(db, 'leases', LeaseDocument);
  /** A process asks for several, again and again: those that it asks for at about the same time are read at once. */
  let asked: { readonly names: Set<string>; readonly found: Promise<z.infer<typeof LeaseDocument>[]> } | undefined;
  const gather = () => {
    const names = new Set<string>();
    const found = sleep(GATHER_MS).then(() => {
      asked = undefined;
      return documents.list({ _id: { $in: [...names] } });
    });
    return { names, found };
  };
  const find = async (name: string) => {
    asked ??= gather();
    asked.names.add(name);
    return (await asked.found).find(({ _id }) => _id === name);
  };
  return {
    hold: async (name, ms) => {
      const found = await find(name);
      const until = new Date(now() + ms);
      if (found === undefined) return (await documents.insert({ _id: name, holder, epoch: 1, until })).inserted ? 1 : undefined;
      const isOurs = found.holder === holder;
      if (!isOurs && found.until.getTime() > now()) return undefined;
      const epoch = isOurs ? found.epoch : found.epoch + 1;
      // With its end, too: whoever saw it over must not take it from a holder who has prolonged it since.
      const { holder: before, epoch: was, until: end } = found;
      const changed = await documents.change({ _id: name, holder: before, epoch: was, until: end }, { $set: { holder, epoch, until } });
      return changed ? epoch : undefined;
    },
    letGo: async (name) => void (await documents.change({ _id: name, holder }, { $set: { until: new Date(0) } })),
  };
}

const GATHER_MS = 20;
const LEASE_MS = 5_000;
const PROLONG_MS = 1_000;
/** A holder gives up this long after it last asked with success: before the lease ends for the others, however late it was answered. */
const SURE_MS = LEASE_MS - PROLONG_MS;

/**
 * For a lifecycle: runs `work` in whichever process holds the lease, one at a time; the signal it gets ends with the lease.
 * Never rejects: what fails is logged, and begun again.
 */
export async function whileLeased(
  leases: Leases,
  name: string,
  log: Log,
  signal: AbortSignal,
  work: (held: { readonly epoch: number; readonly signal: AbortSignal }) => Promise<void>,
): Promise<void> {
  const hold = () => leases.hold(name, LEASE_MS).catch(() => 'away' as const);
  while (!signal.aborted) {
    let prolongedAt = performance.now();
    const epoch = await hold();
    if (epoch === undefined || epoch === 'away') {
      await pause(PROLONG_MS, signal);
      continue;
    }
    const lost = new AbortController();
    const held = AbortSignal.any([signal, lost.signal]);
    const working = work({ epoch, signal: held })
      .catch((cause: unknown) => void (held.aborted || log.warn('leased work failed; it begins again', { lease: name, cause })))
      .finally(() => lost.abort());
    while (!held.aborted) {
      await pause(PROLONG_MS, held);
      if (held.aborted) break;
      const askedAt = performance.now();
      const present = await within(Math.max(0, prolongedAt + SURE_MS - askedAt), 'prolonging', hold()).catch(() => 'away' as const);
      if (present === epoch) prolongedAt = askedAt;
      else if (present !== 'away' || performance.now() - prolongedAt >= SURE_MS) lost.abort();
    }
    await working;
    if (signal.aborted) await leases.letGo(name).catch(() => {});
    else await pause(PROLONG_MS, signal);
  }
}
