/** Whose turn it is: through BullMQ while Redis answers, else here and now. Either way a turn may come twice. */
import type { Log } from '../../runtime/log.ts';
import type { Jobs } from '../../runtime/jobs/bullmq-jobs.ts';
import type { TurnMetrics } from './turn-metrics.ts';

export interface Turns {
  /** Gives this allocation a turn soon; never rejects, never waits for Redis. */
  give(uid: string): void;
  /** Resolves when the turns that run here have ended. */
  close(): Promise<void>;
}

export function createTurns(jobs: Jobs, act: (uid: string) => Promise<void>, concurrency: number, log: Log, metrics: TurnMetrics): Turns {
  const running = new Map<string, Promise<void>>();
  /** In the order in which they came. */
  const line = new Set<string>();
  let closing = false;
  metrics.watchLine(() => line.size);

  const runHere = (uid: string) => {
    if (running.has(uid) || closing) return;
    if (running.size >= concurrency) return void line.add(uid);
    const turn = metrics
      .turn('process', () => act(uid))
      .catch((cause: unknown) => log.warn('a turn failed; the sweep gives it another', { allocationUid: uid, cause }))
      .finally(() => {
        running.delete(uid);
        const next = line.values().next();
        if (next.done === true) return;
        line.delete(next.value);
        runHere(next.value);
      });
    running.set(uid, turn);
  };

  jobs.work(concurrency, (uid) => metrics.turn('queue', () => act(uid)));
  return {
    give: (uid) => {
      if (closing) return;
      jobs.add(uid).then(
        (added) => added || runHere(uid),
        () => runHere(uid),
      );
    },
    close: async () => {
      closing = true;
      await Promise.all(running.values());
    },
  };
}
