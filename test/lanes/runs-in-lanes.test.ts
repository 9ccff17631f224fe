import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { identityOf } from '../../local/processes/process-identity.ts';
import { waitUntil } from '../../local/processes/wait-until.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const LOADED_MS = 200_000;

describe('The suite in lanes', function () {
  this.timeout(2 * LOADED_MS);

  let folder: string;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'lanes-'));
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (names: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const files = names.map((name) => `test/lanes/played/${name}.ts`);
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'test/in-lanes.ts', ...files], {
      cwd: ROOT,
      // What it notes of how long files took is about played ones.
      env: { ...process.env, LIFEVERSE_CACHE: folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    return { child, said: () => said, ended };
  };

  it('shows what each file reports, and closes with one line for all', async () => {
    const suite = run(['passes']);
    assert.equal(await suite.ended, 0, suite.said());
    assert.match(suite.said(), /── test\/lanes\/played\/passes\.ts, [\d.]+ s\n[^]*✔ passes/);
    assert.match(suite.said(), /\n1 passed, 0 failed\n$/);
  });

  it('shows what failed once more right before its last line, a file that cannot be run and a lane that ended among them', async () => {
    const suite = run(['fails', 'ends-its-lane', 'is-not-there', 'has-no-tests', 'passes']);
    assert.equal(await suite.ended, 1, suite.said());
    assert.match(suite.said(), /\n2 passed, 4 failed\n$/);
    const end = suite.said().slice(suite.said().lastIndexOf('✔'));
    for (const told of [
      /── .*fails\.ts\n.*1 failing[^]*two is not three/,
      /is-not-there\.ts cannot be run/,
      /its lane has ended/,
      /has-no-tests/,
    ])
      assert.match(end, told);
  });

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`leaves no process behind at ${signal}, and says with its code that it was ended`, async () => {
      const pids = path.join(folder, 'pids.json');
      const suite = run(['leaves-processes'], { PLAYED_PIDS: pids });
      const started = await startedBy(suite, pids);
      suite.child.kill(signal);
      assert.equal(await suite.ended, code, suite.said());
      assert.deepEqual(
        started.filter((pid) => identityOf(pid) !== undefined),
        [],
      );
      assert.doesNotMatch(suite.said(), /\d+ passed/);
    });
  }

  it('waits for no process that does not heed the signal once it comes a second time', async () => {
    const pids = path.join(folder, 'pids.json');
    const suite = run(['leaves-processes'], { PLAYED_PIDS: pids, PLAYED_STUBBORN: "process.on('SIGTERM', () => undefined)" });
    const started = await startedBy(suite, pids);
    suite.child.kill('SIGTERM');
    await until('it has heard the signal', () => suite.said().includes('SIGTERM: '));
    suite.child.kill('SIGTERM');
    assert.equal(await suite.ended, 143, suite.said());
    assert.deepEqual(
      started.filter((pid) => identityOf(pid) !== undefined),
      [],
    );
  });

  async function startedBy(suite: ReturnType<typeof run>, file: string): Promise<number[]> {
    await until('the played suite has started its processes', () => existsSync(file) || suite.child.exitCode !== null);
    const pids = JSON.parse(readFileSync(file, 'utf8')) as number[];
    assert.equal(pids.length, 4);
    for (const pid of pids) assert.ok(identityOf(pid) !== undefined, `${pid} runs`);
    return pids;
  }
});

function until(what: string, holds: () => boolean): Promise<unknown> {
  return waitUntil(holds, { what, deadlineMs: LOADED_MS, signal: new AbortController().signal });
}
