/**
 * What the container of the game server may use and uses, by its control group, version 1 or 2.
 *
 * Seen where the bridge sees the machine's own tree: on one machine, or with the host's /sys/fs/cgroup mounted and named by
 * `CGROUP_ROOT`. In a container of its own, the group of another one lies outside of what is mounted; then all of this is absent.
 */
import { join } from 'node:path';
import { textOfFile } from '../store/text-of-file.ts';

export interface CgroupReading {
  readonly memoryBytes: number | undefined;
  readonly memoryLimitBytes: number | undefined;
  readonly throttledSeconds: number | undefined;
  readonly outOfMemoryKills: number | undefined;
}

/** Where a process is: of version 2 its one path, of version 1 one per controller. */
export interface CgroupPaths {
  readonly unified: string | undefined;
  readonly controllers: ReadonlyMap<string, string>;
}

/** Version 1 writes this, or a little less, for no limit. */
const NO_LIMIT = 2 ** 62;

export async function readCgroup(root: string, pid: number): Promise<CgroupReading> {
  const paths = cgroupPathsOf((await textOfFile(`/proc/${pid}/cgroup`)) ?? '');
  const memory = paths.controllers.get('memory');
  const cpu = paths.controllers.get('cpu');
  const two = (name: string) => (paths.unified === undefined ? undefined : textOfFile(join(root, paths.unified, name)));
  const one = (controller: string, path: string | undefined, name: string) =>
    path === undefined ? undefined : textOfFile(join(root, controller, path, name));
  const [current, max, events, stat, usage, limit, throttled, control] = await Promise.all([
    two('memory.current'),
    two('memory.max'),
    two('memory.events'),
    two('cpu.stat'),
    one('memory', memory, 'memory.usage_in_bytes'),
    one('memory', memory, 'memory.limit_in_bytes'),
    one('cpu', cpu, 'cpu.stat'),
    one('memory', memory, 'memory.oom_control'),
  ]);
  const micros = field(stat, 'throttled_usec');
  const nanos = field(throttled, 'throttled_time');
  return {
    memoryBytes: whole(current ?? usage),
    memoryLimitBytes: limited(whole(max ?? limit)),
    throttledSeconds: micros === undefined ? (nanos === undefined ? undefined : nanos / 1e9) : micros / 1e6,
    outOfMemoryKills: field(events, 'oom_kill') ?? field(control, 'oom_kill'),
  };
}

/** cgroups(7): `hierarchy:controllers:path` a line. Pure. A path that leads out of what is mounted is none. */
export function cgroupPathsOf(source: string): CgroupPaths {
  const lines = source.split('\n').flatMap((line) => {
    const [, hierarchy = '', controllers = '', path = ''] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    return path === '' || path.split('/').includes('..') ? [] : [{ hierarchy, controllers: controllers.split(','), path }];
  });
  return {
    unified: lines.find(({ hierarchy, controllers }) => hierarchy === '0' && controllers[0] === '')?.path,
    controllers: new Map(lines.flatMap(({ controllers, path }) => controllers.map((name) => [name, path] as const))),
  };
}

function whole(source: string | undefined): number | undefined {
  const number = /^\d+\s*$/.test(source ?? '') ? Number(source) : undefined;
  return number;
}

function limited(bytes: number | undefined): number | undefined {
  return bytes === undefined || bytes >= NO_LIMIT ? undefined : bytes;
}

function field(source: string | undefined, name: string): number | undefined {
  const found = new RegExp(`^${name} (\\d+)$`, 'm').exec(source ?? '')?.[1];
  return found === undefined ? undefined : Number(found);
}
