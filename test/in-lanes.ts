/**
 * The whole suite as mocha runs side by side, since most tests wait for something. Each lane has parts of its own. Closes with one line for
 * all: `N passed, N failed`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { sources } from './tooling/import-graph.ts';

const MOCHA = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
/** The reporter's last line. */
const LAST_LINE = /(\d+) passed, (\d+) failed\n$/;
/** Of a run that broke off, so many characters are shown again. */
const LAST_WORDS = 4_000;
/** Where the reporter begins to list what failed. */
const FAILURES = /^.*\d+ failing.*$/m;
/** A lane is what begins with one of these; the last takes what is left. About equally long, and no more than two cores can bear. */
const LANES: readonly (readonly string[])[] = [
  ['test/allocator/invariants/', 'test/system/', 'test/local/', 'test/fleets/', 'test/terraform/'],
  ['test/allocator/', 'test/deploy/'],
  ['test/'],
];

const tests = sources().filter((file) => file.startsWith('test/') && file.endsWith('.test.ts'));
const laneOf = (file: string) => LANES.findIndex((starts) => starts.some((start) => file.startsWith(start)));
// One is watched while it runs; the others are told when all are through.
const runs = await Promise.all(
  LANES.map((_, lane) =>
    run(
      tests.filter((file) => laneOf(file) === lane),
      lane === 0,
    ),
  ),
);
for (const { said } of runs.slice(1)) process.stdout.write(said);
// Whoever is shown the end of a long log only has to find there what failed.
for (const { said, failed } of runs) if (failed > 0) process.stdout.write(failuresIn(said));
const passed = runs.reduce((sum, one) => sum + one.passed, 0);
const failed = runs.reduce((sum, one) => sum + one.failed, 0);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 || runs.some(({ code }) => code !== 0) ? 1 : 0;

interface Run {
  readonly said: string;
  readonly passed: number;
  readonly failed: number;
  readonly code: number | null;
}

/** The list of failures that closes a run; of a run that broke off, what it said last. */
function failuresIn(said: string): string {
  const at = FAILURES.exec(said)?.index;
  return at === undefined ? said.slice(-LAST_WORDS) : said.slice(at);
}

/** @param isShown while it runs; otherwise it is for the caller to print. A run that breaks off counts as one failure. */
async function run(files: readonly string[], isShown: boolean): Promise<Run> {
  const child = spawn(process.execPath, [MOCHA, ...files], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let shown = 0;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      said += chunk;
      if (!isShown) return;
      // The last line is not this run's to say.
      const whole = said.lastIndexOf('\n', said.length - 2) + 1;
      process.stdout.write(said.slice(shown, Math.max(shown, whole)));
      shown = Math.max(shown, whole);
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  const [last, passed, failed] = LAST_LINE.exec(said) ?? [];
  if (isShown && last === undefined) process.stdout.write(said.slice(shown));
  if (last === undefined) return { said, passed: 0, failed: 1, code };
  return { said: said.slice(0, -last.length), passed: Number(passed), failed: Number(failed), code };
}
