/** A built image as a container: by runc, with what Kubernetes' "restricted" asks for, and nothing of the image writable. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { testStack } from '../../../local/testing.ts';
import { until } from '../../sdk-bridge/stand-in/until.ts';
import type { ImageBed } from './image-bed.ts';

const run = promisify(execFile);

export interface ContainerOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Folder here → place in the container, where it may write. */
  readonly volumes?: Readonly<Record<string, string>>;
}

export interface Container {
  readonly pid: number;
  /** On stdout and stderr. */
  said(): string;
  /** @returns the exit code, and what was said. @throws never */
  exec(command: readonly string[]): Promise<{ readonly code: number; readonly said: string }>;
  /** As Kubernetes ends it. @returns the exit code. */
  stop(): Promise<number | null>;
}

/** @returns once its process is there. */
export async function startContainer(bed: ImageBed, image: string, options: ContainerOptions = {}): Promise<Container> {
  const id = `lifeverse-${randomUUID().slice(0, 13)}`;
  const bundle = path.join((await testStack()).folder, id);
  await mkdir(bundle);
  const [config, root] = [await bed.configOf(image), await bed.mount(image)];
  const [uid = 0, gid = 0] = config.User.split(':').map(Number);
  const ours = { uid, gid, args: [...config.Entrypoint, ...(options.args ?? [])], env: environmentOf(config.Env ?? [], options.env ?? {}) };
  await writeFile(path.join(bundle, 'config.json'), JSON.stringify(specOf(id, root, ours, options.volumes ?? {})));
  const global = [`--root=${path.join(bundle, 'state')}`];
  let said = '';
  const child = spawn('runc', [...global, 'run', `--bundle=${bundle}`, `--pid-file=${path.join(bundle, 'pid')}`, id], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'exit');
  const state = async () => {
    if (child.exitCode !== null) throw new Error(`${image} has ended at once: ${said}`);
    const found = await run('runc', [...global, 'state', id]).catch(() => undefined);
    const { status, pid } = JSON.parse(found?.stdout ?? '{}') as { status?: string; pid?: number };
    return status === 'running' ? pid : undefined;
  };
  let pid: number | undefined;
  await until(async () => (pid = await state()) !== undefined, `${image} runs`, 180_000);
  return {
    pid: pid ?? 0,
    said: () => said,
    exec: async (command) => {
      const outcome = await run('runc', [...global, 'exec', id, ...command]).then(
        ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
        (cause: { code?: number; stdout?: string; stderr?: string }) => ({
          code: cause.code ?? -1,
          said: `${cause.stdout}${cause.stderr}`,
        }),
      );
      return outcome;
    },
    stop: async () => {
      if (child.exitCode === null) await run('runc', [...global, 'kill', id, 'SIGTERM']).catch(() => undefined);
      const late = setTimeout(() => void run('runc', [...global, 'kill', id, 'SIGKILL']).catch(() => undefined), 180_000);
      const [code] = (await ended) as [number | null];
      clearTimeout(late);
      return code;
    },
  };
}

function environmentOf(image: readonly string[], given: Readonly<Record<string, string>>): string[] {
  const own = Object.fromEntries(image.map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]));
  return Object.entries({ ...own, ...given }).map(([name, value]) => `${name}=${value}`);
}

interface OwnProcess {
  readonly uid: number;
  readonly gid: number;
  readonly args: readonly string[];
  readonly env: readonly string[];
}

/** By the OCI runtime specification. The network is the host's: what is in the container meets the test's parts on loopback. */
function specOf(id: string, root: string, { uid, gid, args, env }: OwnProcess, volumes: Readonly<Record<string, string>>): object {
  const bind = (source: string, destination: string) => ({
    type: 'bind',
    source,
    destination,
    options: ['rbind', 'rw', 'nosuid', 'nodev'],
  });
  const none: string[] = [];
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid, gid },
      args,
      env,
      cwd: '/',
      noNewPrivileges: true,
      capabilities: { bounding: none, effective: none, inheritable: none, permitted: none, ambient: none },
    },
    root: { path: root, readonly: true },
    hostname: 'container',
    mounts: [
      { type: 'proc', source: 'proc', destination: '/proc' },
      { type: 'tmpfs', source: 'tmpfs', destination: '/dev', options: ['nosuid', 'noexec', 'strictatime', 'mode=755', 'size=64k'] },
      ...Object.entries(volumes).map(([source, destination]) => bind(source, destination)),
    ],
    linux: {
      cgroupsPath: `/${id}`,
      namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      maskedPaths: ['/proc/kcore', '/proc/keys'],
      readonlyPaths: ['/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}
