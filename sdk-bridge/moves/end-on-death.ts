/**
 * The game server's process has died without ending its session: what it left is kept, its players are away, and the allocator
 * learns how it died.
 *
 * Agones notices, too, and Kubernetes stops the bridge soon after its game server; but neither tells how it died, and both come later
 * than a look at the process.
 */
import { constants } from 'node:os';
import type { Crash } from '../../contracts/crash.ts';
import { pause } from '../../runtime/deadline.ts';
import type { Log } from '../../runtime/log.ts';
import { findEvidence, keepEvidence, type CrashFolders, type Found } from '../crash/crash-files.ts';
import { crashOf, tellCrash } from '../crash/crash-story.ts';
import { isThere, type SeenProcess } from '../crash/process-sight.ts';
import { died, type SessionState } from '../session.ts';
import type { SessionStore } from '../store/session-store.ts';

export interface DeathParts {
  readonly store: SessionStore;
  readonly folders: CrashFolders;
  /** Between two looks at the process, in milliseconds. */
  readonly everyMs: number;
  readonly log: Log;
  readonly now: () => number;
}

/** Who started the game server writes down its exit code a moment after the process is gone: on a busy node a long one. */
const EXIT_CODE_MS = 2_000;
const EXIT_CODE_LOOK_MS = 40;

/** Watches whichever process said hello last, and once more when the bridge is stopped: Kubernetes does that because the game server is gone. */
export async function endOnDeath(parts: DeathParts, signal: AbortSignal): Promise<void> {
  const { store, everyMs, now } = parts;
  let told: SeenProcess | undefined;
  let kept: { readonly of: SeenProcess; readonly crash: Crash | undefined } | undefined;
  for (let isLast = false; !isLast; isLast ||= signal.aborted) {
    await store.until((state) => watched(state, told) !== undefined, signal);
    await pause(everyMs, signal);
    isLast = signal.aborted;
    const seen = watched(store.current(), told);
    if (seen === undefined || (await isThere(seen))) continue;
    if (kept?.of !== seen) kept = { of: seen, crash: await keepCrash(parts) };
    // Without a session nobody has to be told, until there is one after all.
    if (store.current().phase === 'idle') continue;
    const { crash } = kept;
    told = seen;
    if (crash !== undefined) await store.change((state) => died(state, tellCrash(crash), crash, now()));
  }
}

/** Polled, since a process that is not our child tells nobody of its end. */
function watched({ hello, phase, tell, closed }: SessionState, told: SeenProcess | undefined): SeenProcess | undefined {
  const seen = hello?.process;
  const isOver = closed || (phase === 'ended' && tell !== 'fail');
  return seen === undefined || isOver || seen === told ? undefined : seen;
}

/** Undefined where it was told to go, and went. */
async function keepCrash({ store, folders, log, now }: DeathParts): Promise<Crash | undefined> {
  const { claim, phase, hello } = store.current();
  const found = await untilExitCode(folders, hello?.at ?? 0, now);
  const crash = crashOf(found, constants.signals);
  const { exitCode, signal, dump } = crash;
  if (phase === 'ended' && (exitCode ?? 0) === 0 && dump === undefined) return undefined;
  const keptIn = await keepEvidence(folders, found, crash, now()).catch((cause: unknown) => {
    log.warn('what the game server left could not be kept', { cause });
    return undefined;
  });
  log.error('the game server died', { phase, uid: claim?.uid, attempt: claim?.attempt, exitCode, signal, dump, keptIn });
  return crash;
}

async function untilExitCode(folders: CrashFolders, since: number, now: () => number): Promise<Found> {
  const until = now() + EXIT_CODE_MS;
  let found = await findEvidence(folders, since);
  while (found.exitCode === undefined && folders.dumpFolder !== undefined && now() < until) {
    await new Promise((resolve) => setTimeout(resolve, EXIT_CODE_LOOK_MS));
    found = await findEvidence(folders, since);
  }
  return found;
}
