/** kill -9 of a game server while players are in the world that it hosts. */
import { waitUntil } from '../../processes/wait-until.ts';
import type { AllocationBook } from '../allocation-book.ts';
import type { Ledger } from '../ledger.ts';
import type { Recorder } from '../../checking/recorder.ts';
import type { Tally } from '../tally.ts';
import { killProcess } from './kill-process.ts';

export interface KillGameServerParts {
  readonly book: AllocationBook;
  readonly recorder: Recorder;
  readonly ledger: Ledger;
  readonly tally: Tally;
  readonly runFolder: string;
  readonly now: () => number;
}

/** Long enough that all are in and have moved, and not so long that they are about to leave. */
const PLAYED_MS = { least: 3_000, most: 7_000 } as const;
const LEAST_PROMISED = 10;
const FOUND_MS = 150_000;
const RESUMED_MS = 90_000;

/** Resolves when the world is played again on another server. */
export async function killGameServer(parts: KillGameServerParts, signal: AbortSignal): Promise<void> {
  const { tally, ledger, runFolder } = parts;
  const before = tally.resumed.size;
  const victim = await waitUntil(() => victimOf(parts), { what: 'a world is being played', deadlineMs: FOUND_MS, signal });
  const { gameServer, namespace, cluster, container, world } = victim;
  const pid = killProcess(runFolder, `the game server ${gameServer}`, (name) =>
    name.startsWith(`${namespace}_${gameServer}_${container}_`),
  );
  tally.killedServers.add(gameServer);
  tally.say(`kill -9 ${pid}: ${gameServer} in ${cluster}, hosting ${world} with ${ledger.promisedIn(world)} durable entries`);
  await waitUntil(() => tally.resumed.size > before, { what: `${world} is resumed`, deadlineMs: RESUMED_MS, signal });
}

interface Victim {
  readonly world: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly gameServer: string;
  /** The one that is the game. */
  readonly container: string;
}

function victimOf({ book, ledger, tally, recorder, now }: KillGameServerParts): Victim | undefined {
  for (const { state, readyAt, server, request } of book.ofThisRun()) {
    const { world } = request.session;
    if (state !== 'ready' || readyAt === null || server === null || world === undefined) continue;
    const played = now() - readyAt.getTime();
    if (played < PLAYED_MS.least || played > PLAYED_MS.most || ledger.promisedIn(world) < LEAST_PROMISED) continue;
    const { cluster, namespace, gameServer } = server;
    const spec = recorder.find(cluster, namespace, gameServer)?.spec;
    // Where the GameServer does not say which container is the game, it has only one.
    const container = spec?.container ?? spec?.template.spec.containers[0]?.name;
    if (container !== undefined && !tally.killedServers.has(gameServer)) return { world, cluster, namespace, gameServer, container };
  }
  return undefined;
}
