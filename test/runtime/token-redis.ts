/** A Redis of a test's own that lets in who shows one of its tokens, as Memorystore does with IAM authentication. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Redis } from 'ioredis';
import { startRedis } from '../../local/redis/start-redis.ts';
import { testStack } from '../../local/testing.ts';

export type TokenRedis = Awaited<ReturnType<typeof startTokenRedis>>;

export async function startTokenRedis(...tokens: readonly string[]) {
  const stack = await testStack();
  const name = `redis-${randomUUID().slice(0, 8)}`;
  // Its own even where the run was given one: who may log in there is not the test's to say.
  const around = { ...stack.around, env: { ...stack.around.env, REDIS_URL: '' } };
  const running = await startRedis({ ...stack, around, name, folder: path.join(stack.folder, name) });
  const { url, caFile } = running;
  const admin = new Redis(url, caFile === undefined ? {} : { tls: { ca: await readFile(caFile) } });
  const password = randomUUID();
  await admin.call('ACL', 'SETUSER', 'admin', 'on', `>${password}`, '~*', '&*', '+@all');
  await admin.call('AUTH', 'admin', password);
  /** Of all tokens only these let somebody in from now on; whoever is in stays. */
  const take = (...taken: readonly string[]) => admin.call('ACL', 'SETUSER', 'default', 'resetpass', ...taken.map((one) => `>${one}`));
  await take(...tokens);
  return {
    url,
    caFile,
    take,
    /** Cuts off everybody but the test. */
    cut: () => admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'),
    /** How many are in by a token. */
    inside: async (): Promise<number> => String(await admin.call('CLIENT', 'LIST')).split(' user=default ').length - 1,
    /** How often somebody showed what does not let in. */
    refused: async (): Promise<number> => Number(/^errorstat_WRONGPASS:count=(\d+)/m.exec(await admin.info('errorstats'))?.[1] ?? 0),
    stop: async (): Promise<void> => {
      admin.disconnect();
      await running.stop();
    },
  };
}
