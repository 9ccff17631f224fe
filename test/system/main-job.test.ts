import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isAlive } from '../../local/processes/process-identity.ts';
import { readRunRecords } from '../../local/processes/run-records.ts';
import { stateFolder } from '../../local/supervisor/state-folder.ts';

const TREE = path.join(import.meta.dirname, '..', '..');
/** A first run may have to build the parts. */
const RUN_MS = 1_500_000;

/** The demo's own verdict is tested in test/local/demo: it objects to a double, an orphan, a lost entry, and to whatever did not happen. */
describe('The main job: 24 players, 40 matches, a dead game server, a dead allocator, three bad tickets', function () {
  this.timeout(RUN_MS);
  let root: string;
  before(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'lifeverse-demo-'));
  });
  after(() => rm(root, { recursive: true, force: true }));

  it('goes right on real parts, says so in demo.json, and leaves no process behind', async () => {
    const env = { ...process.env, ONCE: '1', LIFEVERSE_STATE_DIR: root };
    const demo = spawn(process.execPath, ['local/demo/main.ts'], { cwd: TREE, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [demo.stdout, demo.stderr]) stream.on('data', (data: Buffer) => (said += data.toString('utf8')));
    const [code] = (await once(demo, 'close')) as [number | null];
    assert.equal(code, 0, said);

    const report = JSON.parse(await readFile(path.join(root, 'demo.json'), 'utf8')) as Record<string, unknown>;
    assert.deepEqual(Object.keys(report), [
      'players',
      'matches',
      'allocations',
      'doubled',
      'orphans',
      'refusedTickets',
      'worldsResumed',
      'serversResized',
      'entriesDurable',
      'entriesLost',
      'placementMs',
      'startSeconds',
    ]);
    const { players, matches, doubled, orphans, refusedTickets, entriesLost } = report;
    assert.deepEqual(
      { players, doubled, orphans, refusedTickets, entriesLost },
      { players: 24, doubled: 0, orphans: 0, refusedTickets: 3, entriesLost: 0 },
    );
    assert.ok(Number(matches) >= 40);
    assert.ok(Number(report['worldsResumed']) >= 1);
    assert.ok(Number(report['entriesDurable']) > 0);

    const left = readRunRecords(stateFolder(env, TREE).run).filter(({ record }) => isAlive(record));
    assert.deepEqual(
      left.map(({ record }) => record.name),
      [],
    );
  });
});
