/** `make demo`: the whole stack and 24 bot players, until Ctrl-C; with ONCE=1: 40 matches, a table, `.local/demo.json`, and a verdict. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { SILENT_LOG, type Log } from '../../runtime/log.ts';
import { cacheFolder } from '../parts/cache-folder.ts';
import { MissingToolchains } from '../parts/obtain-parts.ts';
import { claimSupervision, livingSupervisor } from '../supervisor/claim-supervision.ts';
import { readStackFile, type StackFile } from '../supervisor/stack-file.ts';
import { startStack } from '../supervisor/start-stack.ts';
import { stateFolder } from '../supervisor/state-folder.ts';
import { faultsOf, reportOf, tableOf, type Findings } from './report.ts';
import { runDemo } from './run-demo.ts';
import { openScreen } from './screen.ts';
import type { Tally } from './tally.ts';
import { thingsToTry } from './things-to-try.ts';

const TREE = path.join(import.meta.dirname, '..', '..');
const MATCHES = 40;

const once = (process.env['ONCE'] ?? '') !== '' && process.env['ONCE'] !== '0';
const state = stateFolder(process.env, TREE);
const REPORT = path.join(state.root, 'demo.json');
const screen = openScreen(process.stdout);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // The second one does not wait; the next start ends what is left.
    if (interrupted.signal.aborted) process.exit(130);
    say('\nstopping …');
    interrupted.abort(new Error('interrupted'));
  });
}

let tally: Tally | undefined;
const warn = (message: string, fields?: Readonly<Record<string, unknown>>): void =>
  tally?.say(`${message}${typeof fields?.['process'] === 'string' ? `: ${fields['process']}` : ''}`);
const log: Log = { ...SILENT_LOG, warn, error: warn, with: () => log };

interface Stage {
  readonly stack: StackFile;
  close(): Promise<void>;
}

/** Its own stack, or the one that `make up` has started: that one goes on afterwards. */
async function openStage(): Promise<Stage> {
  const running = livingSupervisor(state) === undefined ? undefined : readStackFile(state.stackFile);
  if (running !== undefined) {
    say('the stack is up already: the demo plays on it');
    return { stack: running, close: async () => {} };
  }
  const release = await claimSupervision(state, say);
  try {
    const around = { env: process.env, cache: cacheFolder(process.env), say, signal: interrupted.signal };
    const { stack, lifecycle } = await startStack({ tree: TREE, state, around, log, now: () => new Date() });
    return { stack, close: () => lifecycle.close('the demo is over').finally(release) };
  } catch (error) {
    release();
    throw error;
  }
}

async function play({ stack }: Stage): Promise<Findings> {
  screen.print(thingsToTry(stack));
  return runDemo({
    stack,
    runFolder: state.run,
    matches: once ? MATCHES : undefined,
    screen,
    log,
    now: Date.now,
    luck: Math.random,
    signal: interrupted.signal,
    onTally: (made) => (tally = made),
  });
}

async function judge(findings: Findings): Promise<number> {
  const report = reportOf(findings);
  const faults = faultsOf(report, findings, MATCHES);
  await writeFile(REPORT, `${JSON.stringify(report, null, 2)}\n`);
  screen.print([
    ...tableOf(report),
    '',
    ...(faults.length === 0 ? ['all is right'] : ['NOT RIGHT:', ...faults.map((fault) => `  ${fault}`)]),
  ]);
  return faults.length === 0 ? 0 : 1;
}

try {
  if (once) await rm(REPORT, { force: true });
  const stage = await openStage();
  try {
    const findings = await play(stage);
    if (once && !interrupted.signal.aborted) {
      process.exitCode = await judge(findings);
    } else {
      screen.print(tableOf(reportOf(findings)));
      // A run that was cut short has no verdict.
      if (once) process.exitCode = 130;
    }
  } finally {
    await stage.close();
  }
} catch (error) {
  const known = error instanceof MissingToolchains || interrupted.signal.aborted;
  process.stderr.write(`${error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error)}\n`);
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
}
