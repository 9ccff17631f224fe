/** A document database and a Redis of a test's own, so that it may stop them. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { startMongo } from '../../../local/mongo/start-mongo.ts';
import { freePort } from '../../../local/processes/free-port.ts';
import type { KeptProcess } from '../../../local/processes/process-keeper.ts';
import { startRedis } from '../../../local/redis/start-redis.ts';
import { testStack } from '../../../local/testing.ts';

export interface OwnStore {
  readonly url: string;
  /** It keeps its connections, and answers nothing. */
  pause(): void;
  goOn(): void;
  /** kill -9. */
  kill(): Promise<void>;
  /** Again at the same address, with what it had on disk. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export const ownMongo = (): Promise<OwnStore> => own('mongo', 'MONGO_URL', startMongo);
export const ownRedis = (): Promise<OwnStore> => own('redis', 'REDIS_URL', startRedis);

type Start = (options: Parameters<typeof startMongo>[0]) => Promise<{
  readonly url: string;
  readonly process: KeptProcess | undefined;
  stop(): Promise<void>;
}>;

async function own(kind: string, given: string, start: Start): Promise<OwnStore> {
  const stack = await testStack();
  const name = `${kind}-${randomUUID().slice(0, 8)}`;
  const port = await freePort();
  // Its own even where the run was given one: that one is not the test's to stop.
  const around = { ...stack.around, env: { ...stack.around.env, [given]: '' } };
  const begin = () => start({ ...stack, around, name, folder: path.join(stack.folder, name), port });
  let running = await begin();
  const signal = (what: NodeJS.Signals) => {
    if (running.process === undefined) throw new Error(`${name} is no process of this test`);
    process.kill(running.process.pid, what);
  };
  return {
    url: running.url,
    pause: () => signal('SIGSTOP'),
    goOn: () => signal('SIGCONT'),
    kill: async () => {
      signal('SIGKILL');
      await running.process?.ended;
    },
    restart: async () => {
      running = await begin();
    },
    stop: () => running.stop(),
  };
}
