/** A metadata server as Google's, in a process of its own that a test may kill. */
import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { freePort } from '../../local/processes/free-port.ts';
import type { KeptProcess } from '../../local/processes/process-keeper.ts';
import { waitUntil } from '../../local/processes/wait-until.ts';
import { testStack } from '../../local/testing.ts';
import { inheritedEnv } from '../inherited-env.ts';

export interface MetadataPlan {
  readonly token: string;
  /** Seconds. */
  readonly expiresIn: number;
  /** In place of a token. */
  readonly status?: number;
  /** In place of what tells the token. */
  readonly body?: string;
  /** Without the header by which Google's own is known. */
  readonly impostor?: boolean;
}

export interface GoogleMetadata {
  /** `HOST:PORT`. */
  readonly host: string;
  /** What it answers from now on. */
  answer(plan: MetadataPlan): Promise<void>;
  /** Requests so far. */
  asked(): Promise<number>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Again, on the same port. */
  restart(): Promise<void>;
}

export async function startGoogleMetadata(plan: MetadataPlan): Promise<GoogleMetadata> {
  const { folder, keeper } = await testStack();
  const id = randomUUID().slice(0, 8);
  const file = path.join(folder, `metadata-${id}.json`);
  const port = await freePort();
  const answer = async (next: MetadataPlan): Promise<void> => {
    await writeFile(`${file}.new`, JSON.stringify(next));
    await rename(`${file}.new`, file);
  };
  let starts = 0;
  const start = async (): Promise<KeptProcess> => {
    starts += 1;
    const script = new URL('google-metadata-process.ts', import.meta.url).pathname;
    const env = inheritedEnv();
    const kept = await keeper.start({
      name: `google-metadata-${id}-${starts}`,
      command: process.execPath,
      args: [script, String(port), file],
      env,
      graceMs: 0,
    });
    await waitUntil(async () => (await readFile(kept.logFile, 'utf8')).includes('listening'), {
      what: `the metadata server listens (${kept.logFile})`,
      deadlineMs: 200_000,
      signal: new AbortController().signal,
    });
    return kept;
  };
  await answer(plan);
  await writeFile(`${file}.asked`, '');
  let kept = await start();
  return {
    host: `127.0.0.1:${port}`,
    answer,
    asked: async () => (await readFile(`${file}.asked`, 'utf8')).split('\n').length - 1,
    kill: () => kept.stop(),
    restart: async () => {
      kept = await start();
    },
  };
}
