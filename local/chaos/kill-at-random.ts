/** kill -9, or a pause of some seconds, for any process of the stack; whoever keeps it starts it again. */
import { pause } from '../../runtime/deadline.ts';
import { isAlive } from '../processes/process-identity.ts';
import { readRunRecords } from '../processes/run-records.ts';

export interface KillParts {
  readonly runFolder: string;
  readonly forMs: number;
  readonly luck: () => number;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** Kind of victim → how likely, against the others. A kind is what its processes' names are, without cluster and number. */
export const KINDS: Readonly<Record<string, number>> = {
  allocator: 8,
  saves: 2,
  redis: 3,
  mongo: 2,
  agones: 3,
  apiserver: 2,
  etcd: 1,
  'sdk-bridge': 2,
  'game-server': 2,
  'agones-gameserver-sidecar': 1,
};
const BETWEEN_MS = { least: 1_000, most: 4_000 } as const;
/** Of the allocator's deaths so many are only a pause, and so long it is at most. */
const PAUSED = 0.35;
const PAUSE_MS = { least: 3_000, most: 15_000 } as const;

/** What was done to whom: `kill -9 allocator` → how often. */
export type Killed = Record<string, number>;

/** Resolves after the time, when whoever was paused goes on. */
export async function killAtRandom(killed: Killed, { runFolder, forMs, luck, signal, say }: KillParts): Promise<void> {
  const end = performance.now() + forMs;
  const pauses: Promise<void>[] = [];
  const between = ({ least, most }: { least: number; most: number }) => least + luck() * (most - least);
  while (performance.now() < end && !signal.aborted) {
    await pause(between(BETWEEN_MS), signal);
    const victim = victimOf(runFolder, luck);
    if (victim === undefined) continue;
    const isPause = victim.kind === 'allocator' && luck() < PAUSED;
    const what = `${isPause ? 'kill -STOP' : 'kill -9'} ${victim.kind}`;
    if (!signalled(victim.pid, isPause ? 'SIGSTOP' : 'SIGKILL')) continue;
    killed[what] = (killed[what] ?? 0) + 1;
    if (!isPause) {
      say(`kill -9 ${victim.pid}: ${victim.name}`);
      continue;
    }
    const ms = between(PAUSE_MS);
    say(`kill -STOP ${victim.pid}: ${victim.name}, for ${Math.round(ms / 1_000)} s`);
    pauses.push(pause(ms, signal).then(() => void signalled(victim.pid, 'SIGCONT')));
  }
  await Promise.all(pauses);
}

interface Victim {
  readonly kind: string;
  readonly name: string;
  readonly pid: number;
}

function victimOf(runFolder: string, luck: () => number): Victim | undefined {
  const living = readRunRecords(runFolder).flatMap(({ record }) => {
    const kind = kindOf(record.name);
    return kind !== undefined && isAlive(record) ? [{ kind, name: record.name, pid: record.pid }] : [];
  });
  const kinds = [...new Set(living.map(({ kind }) => kind))];
  let draw = luck() * kinds.reduce((sum, kind) => sum + (KINDS[kind] ?? 0), 0);
  const kind = kinds.find((one) => (draw -= KINDS[one] ?? 0) < 0);
  const ofKind = living.filter((one) => one.kind === kind);
  return ofKind[Math.floor(luck() * ofKind.length)];
}

/** `allocator-2`, `europe-west1-agones`, and `lifeverse_sample-duel-x_sdk-bridge_0a1b` for a pod's container. */
export function kindOf(name: string): string | undefined {
  const container = name.split('_')[2];
  if (container !== undefined) return container in KINDS ? container : undefined;
  return Object.keys(KINDS).find((kind) => name === kind || name.startsWith(`${kind}-`) || name.endsWith(`-${kind}`));
}

function signalled(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
