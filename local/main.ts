/** The local stack's commands: parts, quilkin, run, up, status, down, reset. */
import path from 'node:path';
import { createLog } from '../runtime/log.ts';
import { untilSignal } from '../runtime/lifecycle.ts';
import { cacheFolder } from './parts/cache-folder.ts';
import { MissingToolchains, obtainParts } from './parts/obtain-parts.ts';
import { quilkinPart } from './parts/quilkin-part.ts';
import type { Surroundings } from './parts/part.ts';
import { obtainStackParts } from './supervisor/obtain-stack-parts.ts';
import { bringDown, forget } from './supervisor/bring-down.ts';
import { bringUp } from './supervisor/bring-up.ts';
import { printStack, printStatus } from './supervisor/print-status.ts';
import { claimSupervision } from './supervisor/claim-supervision.ts';
import { startStack } from './supervisor/start-stack.ts';
import { stateFolder } from './supervisor/state-folder.ts';

const TREE = path.join(import.meta.dirname, '..');
const state = stateFolder(process.env, TREE);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const interrupted = new AbortController();
const around: Surroundings = { env: process.env, cache: cacheFolder(process.env), say, signal: interrupted.signal };
const now = (): Date => new Date();

/** In the foreground, until a signal. */
async function run(): Promise<number> {
  // While it starts, a signal ends the start; afterwards the stack's own lifecycle takes it.
  const interrupt = (): void => interrupted.abort(new Error('interrupted'));
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, interrupt);
  const release = await claimSupervision(state, say);
  try {
    const { stack, lifecycle } = await startStack({ tree: TREE, state, around, log: createLog('supervisor', 'info'), now });
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, interrupt);
    // It may have come when the start no longer looked.
    if (interrupted.signal.aborted) lifecycle.close('interrupted').catch(() => {});
    printStack(stack, state, say);
    return await untilSignal(lifecycle, process);
  } finally {
    release();
  }
}

const COMMANDS: Readonly<Record<string, () => Promise<number>>> = {
  run,
  parts: async () => {
    process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
    await obtainStackParts(around, TREE);
    say('every part is there');
    return 0;
  },
  quilkin: async () => {
    process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
    const [quilkin] = await obtainParts([quilkinPart], around);
    say(`Quilkin is there: ${quilkin}`);
    return 0;
  },
  up: () => bringUp({ state, say, node: process.execPath, main: path.join(import.meta.dirname, 'main.ts'), env: process.env, tree: TREE }),
  status: () => printStatus(state, say),
  down: () => bringDown(state, say),
  reset: async () => {
    const code = await bringDown(state, say);
    await forget(state);
    say(`forgot everything in ${state.root}`);
    return code;
  },
};

const command = COMMANDS[process.argv[2] ?? ''];
if (command === undefined) {
  process.stderr.write(`node local/main.ts ${Object.keys(COMMANDS).join(' | ')}\n`);
  process.exitCode = 64;
} else {
  try {
    process.exitCode = await command();
  } catch (error) {
    const known = error instanceof MissingToolchains || interrupted.signal.aborted;
    process.stderr.write(`${error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error)}\n`);
    process.exitCode = 1;
  }
}
