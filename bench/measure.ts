/** Times of one operation, repeated: as fast as so many clients can, or at an even rate. */
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../local/demo/report.ts';

/** Milliseconds, and operations per second. */
export interface Measured {
  readonly how: string;
  readonly count: number;
  readonly rate: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly errors: number;
  /** The first error's words. */
  readonly error?: string;
}

export type Operation = (nth: number) => Promise<void>;

/** Each client begins its next operation when its last one has ended. */
export async function closedLoop(clients: number, count: number, operation: Operation): Promise<Measured> {
  const record = recording();
  let next = 0;
  const client = async () => {
    for (let nth = next++; nth < count; nth = next++) await record.time(performance.now(), () => operation(nth));
  };
  await Promise.all(Array.from({ length: clients }, client));
  return record.measured(`${clients} ${clients === 1 ? 'client' : 'clients'}`);
}

/** Begins operations at an even rate, whether earlier ones have ended or not; timed from when each was due, so that a stall shows in all that it held up. */
export async function openLoop(perSecond: number, count: number, operation: Operation): Promise<Measured> {
  const record = recording();
  const began = performance.now();
  const running: Promise<void>[] = [];
  for (let nth = 0; nth < count; nth += 1) {
    const due = began + (nth * 1_000) / perSecond;
    const wait = due - performance.now();
    if (wait > 0) await sleep(wait);
    running.push(record.time(due, () => operation(nth)));
  }
  await Promise.all(running);
  return record.measured(`open, ${Math.round(perSecond)}/s`);
}

function recording() {
  const times: number[] = [];
  const began = performance.now();
  let errors = 0;
  let error: string | undefined;
  return {
    time: async (from: number, operation: () => Promise<void>) => {
      try {
        await operation();
        times.push(performance.now() - from);
      } catch (cause) {
        errors += 1;
        error ??= cause instanceof Error ? cause.message : String(cause);
      }
    },
    measured: (how: string): Measured => {
      const sorted = times.toSorted((a, b) => a - b);
      const seconds = (performance.now() - began) / 1_000;
      return {
        how,
        count: sorted.length,
        rate: sorted.length / seconds,
        p50: percentile(sorted, 0.5),
        p95: percentile(sorted, 0.95),
        p99: percentile(sorted, 0.99),
        errors,
        ...(error === undefined ? {} : { error }),
      };
    },
  };
}
