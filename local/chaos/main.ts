/**
 * `make chaos`: a stack of its own with two allocator processes, 2,000 allocations, and two minutes in which any process may be killed.
 * Prints what was killed and what the checker counts; exits 0 only when nothing was lost, doubled or orphaned.
 */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { readConfig } from '../../runtime/config.ts';
import { SILENT_LOG } from '../../runtime/log.ts';
import { cacheFolder } from '../parts/cache-folder.ts';
import { bringDown, forget } from '../supervisor/bring-down.ts';
import { claimSupervision } from '../supervisor/claim-supervision.ts';
import { startStack } from '../supervisor/start-stack.ts';
import { stateFolder } from '../supervisor/state-folder.ts';
import { CHAOS_FLEET } from './chaos-fleet.ts';
import { runChaos } from './run-chaos.ts';
import { faultsOf, tableOf } from './verdict.ts';

const Env = z.object({
  CHAOS_ALLOCATIONS: z.coerce.number().int().min(1).default(1_880).describe('allocations on servers without pods'),
  CHAOS_ON_PODS: z.coerce.number().int().min(0).default(120).describe('allocations on real pods'),
  CHAOS_SECONDS: z.coerce.number().int().min(1).default(360).describe('over which they are spread'),
  CHAOS_KILL_SECONDS: z.coerce.number().int().min(1).default(120).describe('in which processes are killed'),
});
const POD_FLEET = 'sample-duel';

const tree = path.join(import.meta.dirname, '..', '..');
const state = stateFolder({ LIFEVERSE_STATE_DIR: path.join(stateFolder(process.env, tree).root, 'chaos') }, tree);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort(new Error('interrupted')));

async function main(): Promise<number> {
  const config = readConfig(Env, process.env);
  // What an interrupted run left behind is neither continued nor counted.
  await bringDown(state, () => undefined);
  await forget(state);
  const release = await claimSupervision(state, say);
  try {
    const env = { AGONES_BATCH_WAIT_MS: '10', ...process.env, LIFEVERSE_WITHOUT: 'accounts,matchmaker' };
    const around = { env, cache: cacheFolder(process.env), say, signal: interrupted.signal };
    const options = { tree, state, around, log: SILENT_LOG, now: () => new Date(), processes: { allocator: 2 } };
    const { stack, lifecycle } = await startStack(options);
    try {
      const verdict = await runChaos({
        stack,
        state,
        demand: {
          counts: { [CHAOS_FLEET]: config.CHAOS_ALLOCATIONS, [POD_FLEET]: config.CHAOS_ON_PODS },
          overMs: config.CHAOS_SECONDS * 1_000,
        },
        killForMs: config.CHAOS_KILL_SECONDS * 1_000,
        log: SILENT_LOG,
        say,
        now: Date.now,
        luck: Math.random,
        signal: interrupted.signal,
      });
      if (interrupted.signal.aborted) return 130;
      const faults = faultsOf(verdict, { [POD_FLEET]: Math.min(100, config.CHAOS_ON_PODS) });
      await writeFile(path.join(state.root, 'chaos.json'), `${JSON.stringify(verdict, null, 2)}\n`);
      for (const line of tableOf(verdict)) say(line);
      for (const line of faults.length === 0 ? ['all is right'] : ['NOT RIGHT:', ...faults.map((fault) => `  ${fault}`)]) say(line);
      return faults.length === 0 ? 0 : 1;
    } finally {
      await lifecycle.close('the run is over');
    }
  } finally {
    release();
    await rm(state.data, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
}
