import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../local/processes/free-port.ts';
import { identityOf, isAlive } from '../../local/processes/process-identity.ts';
import { openProcessKeeper } from '../../local/processes/process-keeper.ts';
import { readRunRecords, sweepLeftovers } from '../../local/processes/run-records.ts';
import { waitUntil } from '../../local/processes/wait-until.ts';
import { openPortBook } from '../../local/supervisor/port-book.ts';
import { openRestartingKeeper } from '../../local/supervisor/restarting-keeper.ts';

const until = (what: string, holds: () => boolean): Promise<true> =>
  waitUntil(() => (holds() ? true : undefined), { what, deadlineMs: 60_000, signal: new AbortController().signal, everyMs: 20 });

describe('kept processes', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'lifeverse-keeper-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const folders = (): { logs: string; run: string } => ({ logs: path.join(folder, 'logs'), run: path.join(folder, 'run') });
  const sleeper = { name: 'sleeper', command: 'sleep', args: ['600'] };

  it('are recorded while they run, and not afterwards', async () => {
    const kept = await openProcessKeeper(folders()).start(sleeper);
    assert.deepEqual(
      readRunRecords(folders().run).map(({ record }) => [record.name, record.pid]),
      [['sleeper', kept.pid]],
    );
    await kept.stop();
    assert.equal(isAlive(kept), false);
    assert.deepEqual(readRunRecords(folders().run), []);
  });

  it('that do not heed SIGTERM are killed with all that they have started', async () => {
    const script = 'trap "" TERM; sleep 600 & echo $!; wait; sleep 600';
    const kept = await openProcessKeeper(folders()).start({ name: 'stubborn', command: 'sh', args: ['-c', script], graceMs: 100 });
    const printed = (): number => Number(readFileSync(kept.logFile, 'utf8'));
    await until('the grandchild runs', () => printed() > 0);
    const grandchild = identityOf(printed());
    assert.ok(grandchild !== undefined);
    await kept.stop();
    await until('the grandchild is gone', () => !isAlive(grandchild));
  });

  it('that cannot be started say so', async () => {
    await assert.rejects(openProcessKeeper(folders()).start({ name: 'none', command: '/no/such/program', args: [] }), /cannot be started/);
  });

  it('are ended by the next life when their keeper was killed, and so is what those had kept', async () => {
    const modules = path.join(import.meta.dirname, '../../local/processes');
    const keeper = (run: string, next: string): string => `
      import { openProcessKeeper } from '${modules}/process-keeper.ts';
      const keeper = openProcessKeeper({ logs: '${folder}/logs', run: '${run}' });
      await keeper.start({ name: 'kept', ...${next} });
      setInterval(() => undefined, 60_000);`;
    const inner = path.join(folder, 'inner.ts');
    const outer = path.join(folder, 'outer.ts');
    writeFileSync(inner, keeper(`${folder}/run/inner`, `{ command: 'sleep', args: ['600'] }`));
    writeFileSync(outer, keeper(`${folder}/run`, `{ command: process.execPath, args: ['${inner}'] }`));
    const supervisor = spawn(process.execPath, [outer], { stdio: 'ignore' });
    await until('both are recorded', () => readRunRecords(folders().run).length === 2);
    const records = readRunRecords(folders().run).map(({ record }) => record);

    assert.deepEqual(await sweepLeftovers(folders().run, 1_000), [], 'nothing is left over while the keepers live');
    supervisor.kill('SIGKILL');
    await until('the supervisor is gone', () => supervisor.signalCode !== null);
    assert.equal((await sweepLeftovers(folders().run, 200)).length, 2);
    for (const record of records) assert.equal(isAlive(record), false);
    assert.deepEqual(readRunRecords(folders().run), []);
  });

  it('of another life whose pid was given to somebody else are left alone', async () => {
    const kept = await openProcessKeeper(folders()).start(sleeper);
    const record = { name: 'old', pid: kept.pid, startTime: 'of another process', owner: { pid: 1, startTime: 'gone' } };
    writeFileSync(path.join(folders().run, 'old.json'), JSON.stringify(record));
    assert.deepEqual(await sweepLeftovers(folders().run, 100), []);
    assert.equal(isAlive(kept), true);
    await kept.stop();
  });

  describe('of a stack', () => {
    it('that end while it starts are a fault, and are started again once it is up', async () => {
      const restarts: string[] = [];
      const keeper = openRestartingKeeper(openProcessKeeper(folders()), (name) => restarts.push(name));
      const failed = await keeper.start({ name: 'failing', command: 'sh', args: ['-c', 'exit 3'] });
      assert.equal((await failed.ended).code, 3);
      assert.deepEqual(restarts, []);

      const kept = await keeper.start(sleeper);
      keeper.watchOver();
      const first = kept.pid;
      process.kill(first, 'SIGKILL');
      await until('it runs again', () => kept.pid !== first && isAlive(kept));
      assert.deepEqual(restarts, ['sleeper']);
      await kept.stop();
      assert.equal(isAlive(kept), false);
      assert.deepEqual(restarts, ['sleeper']);
    });
  });
});

describe('the ports of a stack', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'lifeverse-ports-'));
    file = path.join(folder, 'ports.json');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('stay what they were, unless one is taken', async () => {
    const book = await openPortBook(file);
    const [saves, mongo] = [await book.port('saves'), await book.port('mongo')];
    await book.save();
    const taker = createServer();
    await new Promise<void>((resolve) => taker.listen(mongo, '127.0.0.1', resolve));
    try {
      const next = await openPortBook(file);
      assert.equal(await next.port('saves'), saves);
      assert.notEqual(await next.port('mongo'), mongo);
    } finally {
      taker.close();
    }
  });

  it('for game servers are another range for every stack', async () => {
    const [one, two] = [await openPortBook(file), await openPortBook(path.join(folder, 'other.json'))];
    try {
      const [a, b, c] = [await one.range('a'), await one.range('b'), await two.range('a')];
      assert.equal(new Set([a.first, b.first, c.first]).size, 3);
    } finally {
      one.close();
      two.close();
    }
  });

  it('drawn at once are all different', async () => {
    const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
    assert.equal(new Set(ports).size, 20);
  });
});
