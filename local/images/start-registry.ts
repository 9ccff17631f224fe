/** A real registry on this machine: loopback, plain HTTP, which builders take from loopback only. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { freePort } from '../processes/free-port.ts';
import { waitUntil } from '../processes/wait-until.ts';

export interface RunningRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  stop(): Promise<void>;
}

export interface RegistryPlace {
  /** Where it keeps what it is given. */
  readonly folder: string;
  /** For its configuration. */
  readonly scratch: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export async function startRegistry({ folder, scratch, env }: RegistryPlace): Promise<RunningRegistry> {
  const host = `127.0.0.1:${await freePort()}`;
  const config = path.join(scratch, 'registry.json');
  const storage = { filesystem: { rootdirectory: folder }, delete: { enabled: true } };
  // JSON is YAML.
  await writeFile(config, JSON.stringify({ version: 0.1, log: { level: 'error' }, storage, http: { addr: host } }));
  const child = spawn('docker-registry', ['serve', config], { env, stdio: 'ignore' });
  const ended = once(child, 'exit');
  const answers = async () => {
    if (child.exitCode !== null) throw new Error(`docker-registry has ended with ${child.exitCode}`);
    return (await fetch(`http://${host}/v2/`).catch(() => undefined))?.ok === true;
  };
  await waitUntil(answers, { what: 'the registry answers', deadlineMs: 30_000, everyMs: 50, signal: new AbortController().signal });
  return {
    host,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
