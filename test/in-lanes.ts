/**
 * The whole suite, or the files that are named, in processes side by side, since most tests wait for something. Each lane has parts of its
 * own, and takes the next file when it is through with one. What a file reports is shown when it is through; what failed stands once more
 * at the end, closed by one line for all: `N passed, N failed`. SIGINT or SIGTERM ends it with all that it has started; a second one at once.
 */
import { cacheFolder } from '../local/parts/cache-folder.ts';
import { forgetDeadRuns } from '../local/testing.ts';
import { openLane } from './lanes/lane.ts';
import { openRunSeconds } from './lanes/run-seconds.ts';
import { workQueue } from './lanes/work-queue.ts';
import { ROOT, sources } from './tooling/import-graph.ts';

/** No more than two cores can bear. */
const LANES = 3;
/** A supervisor of a whole stack, which a test has started, may take that long to stop all in order. */
const GRACE_MS = 100_000;
/** Of a run that broke off, so many characters are shown again. */
const LAST_WORDS = 4_000;
/** Where the reporter begins to list what failed. */
const FAILURES = /^.*\d+ failing.*$/m;

const named = process.argv.slice(2);
const files = named.length > 0 ? named : sources().filter((file) => file.startsWith('test/') && file.endsWith('.test.ts'));
const seconds = openRunSeconds(cacheFolder(process.env), ROOT);
const queue = workQueue(files, (file) => seconds.of(file));
const lanes = Array.from({ length: Math.min(LANES, files.length) }, openLane);
const failures: string[] = [];
const sum = { passed: 0, failed: 0 };
let isEnding = false;

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => {
    const graceMs = isEnding ? 0 : GRACE_MS;
    isEnding = true;
    process.stdout.write(`${signal}: ends what the tests have started${graceMs > 0 ? '' : ' at once'}\n`);
    void endAll(graceMs).finally(() => process.exit(code));
  });
}

const endedWell = await Promise.all(
  lanes.map(async (lane, nth) => {
    for (let file = queue.next(nth); file !== undefined && !isEnding; file = queue.next(nth)) {
      const from = performance.now();
      const run = await lane.run(file);
      const took = (performance.now() - from) / 1_000;
      if (isEnding) return false;
      sum.passed += run.passed;
      sum.failed += run.failed;
      if (run.failed > 0) failures.push(`${file}\n${failuresIn(run.said)}`);
      else seconds.note(file, took);
      process.stdout.write(`\n── ${file}, ${took.toFixed(1)} s${run.said}`);
    }
    return lane.close();
  }),
);
if (!isEnding) {
  // Whoever is shown the end of a long log only has to find there what failed.
  for (const failure of failures) process.stdout.write(`\n── ${failure}`);
  process.stdout.write(`${sum.passed} passed, ${sum.failed} failed\n`);
  process.exitCode = sum.failed > 0 || endedWell.includes(false) ? 1 : 0;
}

/** What the tests have started by themselves ends with its lane; what a killed lane's keeper has started is found by its records. */
async function endAll(graceMs: number): Promise<void> {
  await Promise.all(lanes.map((lane) => lane.end(graceMs)));
  await forgetDeadRuns();
}

/** The list of failures that closes a run; of a run that broke off, what it said last. */
function failuresIn(said: string): string {
  const at = FAILURES.exec(said)?.index;
  return at === undefined ? said.slice(-LAST_WORDS) : said.slice(at);
}
