/**
 * What the store and the queue hold, looked at when somebody scrapes.
 *
 * Every process of one allocator shows the same: take the largest, not the sum.
 */
import { Gauge, type Registry } from 'prom-client';
import { AllocationState } from '../contracts/allocator.ts';
import { within } from '../runtime/deadline.ts';
import { translated } from '../runtime/documents/collection.ts';
import type { Jobs } from '../runtime/jobs/bullmq-jobs.ts';
import type { Allocations } from './store/allocations.ts';

/** Counting costs: one count serves everybody who scrapes within this. */
const FRESH_MS = 5_000;
/** A scrape does not wait for a database that is away: it shows what was last seen. */
const LOOK_MS = 1_500;
/** Final states hold days of allocations; counting further tells nobody more. */
const COUNTED_UP_TO = 100_000;

export interface StoreGaugeParts {
  readonly registry: Registry;
  readonly allocations: Allocations;
  readonly jobs: Jobs;
  readonly now: () => number;
}

export function showStore({ registry, allocations, jobs, now }: StoreGaugeParts): void {
  const registers = [registry];
  const { raw } = allocations.documents;
  new Gauge<string>({
    name: 'lifeverse_allocations',
    help: 'Allocations in each state, counted up to 100,000; the same from every process',
    labelNames: ['state'],
    registers,
    collect: seldom(now, async (gauge) => {
      const counts = await Promise.all(
        AllocationState.options.map(
          async (state) => [state, await translated(() => raw.countDocuments({ state }, { limit: COUNTED_UP_TO }))] as const,
        ),
      );
      for (const [state, count] of counts) gauge.set({ state }, count);
    }),
  });
  new Gauge<string>({
    name: 'lifeverse_sweep_lag_seconds',
    help: 'How long the allocation that is most overdue has waited for its turn; the same from every process',
    registers,
    collect: seldom(now, async (gauge) => {
      const [oldest] = await translated(() =>
        raw
          .find({ nextActionAt: { $lte: new Date(now()) } }, { projection: { nextActionAt: 1 } })
          .sort({ nextActionAt: 1 })
          .limit(1)
          .toArray(),
      );
      gauge.set(oldest?.nextActionAt ? (now() - oldest.nextActionAt.getTime()) / 1_000 : 0);
    }),
  });
  new Gauge<string>({
    name: 'lifeverse_queue_jobs',
    help: 'Jobs in the queue, by what they do there; nothing is shown while Redis is away',
    labelNames: ['status'],
    registers,
    collect: seldom(now, async (gauge) => {
      const counts = await jobs.counts();
      gauge.reset();
      for (const [status, count] of Object.entries(counts ?? {})) gauge.set({ status }, count);
    }),
  });
}

/** For a gauge's `collect`: looks at most once in a while, for everybody at once, and never fails or waits long. */
function seldom(now: () => number, look: (gauge: Gauge<string>) => Promise<void>): (this: Gauge<string>) => Promise<void> {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;
  return async function collect(this: Gauge<string>) {
    if (looking === undefined && now() - lookedAt < FRESH_MS) return;
    looking ??= look(this).finally(() => {
      looking = undefined;
      lookedAt = now();
    });
    await within(LOOK_MS, 'looking at the store', looking).catch(() => {});
  };
}
