/** What there is to measure of one cluster's resizes now. Pure. */
import type { Support } from './find-support.ts';
import { amountOf } from './quantity.ts';
import type { Entry } from './resize-book.ts';
import type { ResizeReading } from './resize-metrics.ts';

export function readingOf(
  cluster: string,
  support: Support | undefined,
  profileFaults: number,
  entries: Iterable<Entry>,
  now: number,
): ResizeReading {
  const wanted = { cpu: 0, memory: 0 };
  const granted = { cpu: 0, memory: 0 };
  let pending = 0;
  let pendingAge = 0;
  for (const entry of entries) {
    for (const resource of ['cpu', 'memory'] as const) {
      // What a node does not tell counts as not given.
      wanted[resource] += amountOf(entry.size?.requests[resource]) / 1_000;
      granted[resource] += amountOf(entry.granted?.requests[resource]) / 1_000;
    }
    if (entry.pendingSince === undefined) continue;
    pending += 1;
    pendingAge = Math.max(pendingAge, (now - entry.pendingSince) / 1_000);
  }
  return { cluster, available: support?.available, profileFaults, pending, pendingAge, wanted, granted };
}
