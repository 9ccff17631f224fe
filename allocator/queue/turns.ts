/** Whose turn it is: through BullMQ while Redis answers, else here and now. Either way a turn may come twice. */
import type { Log } from '../../runtime/log.ts';
import type { Jobs } from '../../runtime/jobs/bullmq-jobs.ts';

export interface Turns {
  /** Gives this allocation a turn soon; never rejects, never waits for Redis. */
  give(uid: string): void;
  /** Resolves when the turns that run here have ended. */
  close(): Promise<void>;
}

export function createTurns(jobs: Jobs, act: (uid: string) => Promise<void>, concurrency: number, log: Log): Turns {
  const running = new Map<string, Promise<void>>();
  const line: string[] = [];
  let closing = false;

  const runHere = (uid: string) => {
    if (running.has(uid) || closing) return;
    if (running.size >= concurrency) return void (line.includes(uid) || line.push(uid));
    const turn = act(uid)
      .catch((cause: unknown) => log.warn('a turn failed; the sweep gives it another', { allocationUid: uid, cause }))
      .finally(() => {
        running.delete(uid);
        const next = line.shift();
        if (next !== undefined) runHere(next);
      });
    running.set(uid, turn);
  };

  jobs.work(concurrency, act);
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
