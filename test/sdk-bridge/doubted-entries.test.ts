import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { JournalEntry } from '../../contracts/saves.ts';
import { savesApi } from '../../contracts/saves.ts';
import { savesHandlers } from '../../saves/api/saves-handlers.ts';
import { restoreAll, savesUnderTest, type SavesUnderTest } from '../saves/saves-under-test.ts';
import { serveForTest } from '../services/serve-for-test.ts';
import { UID } from './stand-in/backend.ts';
import { startPod, type Pod } from './stand-in/bridge-process.ts';
import { until } from './stand-in/until.ts';

/**
 * The real saves, whose database refuses documents by a rule that saves knows nothing of, as an operator may set one: what it cannot write it
 * answers with 500, for one entry or for all.
 */
describe('entries on which saves fails', function () {
  this.timeout(300_000);
  const holder = { uid: UID, attempt: 1 };
  let saves: SavesUnderTest;
  let served: Awaited<ReturnType<typeof serveForTest<(typeof savesApi)['endpoints']>>>;
  let pod: Pod;

  const bad = (seq: number): JournalEntry => ({ seq, data: { n: seq, bad: true } });
  const good = (seq: number): JournalEntry => ({ seq, data: { n: seq } });
  const refuse = (what: Record<string, unknown>) => saves.database.db.command({ collMod: 'saves_journal', validator: what });
  const refuseBad = () => refuse({ data: { $nin: [2, 3, 7].map((seq) => JSON.stringify(bad(seq).data)) } });

  beforeEach(async () => {
    saves = await savesUnderTest();
    served = await serveForTest(savesApi, savesHandlers(saves.parts), saves.trusted);
    await saves.allocator.takeLease({ params: { kind: 'worlds', id: 'w1' }, body: { holder } });
    pod = await startPod({ world: 'w1', env: { SAVES_URL: served.url, SAVES_FAULT_MS: '300' } });
    pod.backend.grant = await saves.tokenFor({ holder, world: 'w1', players: ['ann'] });
    await pod.play();
    await pod.api.hello({ body: { build: 'b1', plugin: 'test', refusals: true } });
    await pod.admit(await pod.backend.ticket('ann'));
    await pod.api.inventory({ params: { player: 'ann' } });
  });
  afterEach(async () => {
    await pod?.close();
    await served?.close();
    await saves?.close();
  });

  const append = (...entries: JournalEntry[]) => pod.api.appendWorld({ body: { entries } });
  const acks = async () => (await pod.api.worldAcks({})).body;
  const durable = (seq: number) => until(async () => (await acks()).durable >= seq, `entry ${seq} is durable`);
  const places = async (kind: 'worlds' | 'players', id: string) =>
    (await restoreAll(saves.operator, kind, id)).entries.map(({ data, refused }) => refused?.code ?? data['n'] ?? data['from']);

  it('leave their places empty while their neighbours are stored, across kill -9 of the bridge in the middle', async () => {
    await refuseBad();
    const share = { playerId: 'ann', seq: 1, data: { from: 3 } };
    await append(good(1), good(2), { ...bad(3), inventories: [share] }, good(4));
    await pod.api.appendInventory({ params: { player: 'ann' }, body: { entries: [good(2)] } });
    await until(() => pod.log().includes('it failed and is tried again'), 'saves fails');
    await pod.crash();
    await durable(4);
    await append(good(5), good(6), bad(7), good(8));
    await durable(8);
    await pod.crash();
    assert.deepEqual(
      (await acks()).refused?.map(({ seq, code }) => [seq, code]),
      [3, 7].map((seq) => [seq, 'internal']),
    );
    assert.deepEqual(await places('worlds', 'w1'), [1, 2, 'internal', 4, 5, 6, 'internal', 8]);
    assert.deepEqual(await places('players', 'ann'), ['internal', 2]);
    assert.equal((await readdir(join(pod.folder, 'spool', 'refused'))).length, 2);
    assert.equal((pod.log().match(/saves fails on an entry and takes its empty place/g) ?? []).length, 2);
  });

  it('wait where saves takes nothing at all, are told of once, and are all stored when it is well again', async () => {
    await refuse({ data: { $exists: false } });
    await append(good(1), bad(2), good(3));
    await until(() => pod.log().includes('its empty place cannot be stored either'), 'it is told');
    await pod.crash();
    assert.deepEqual(await acks(), { accepted: 3, durable: 0, readOnly: false });
    await refuse({});
    await durable(3);
    assert.deepEqual(await acks(), { accepted: 3, durable: 3, readOnly: false });
    assert.deepEqual(await places('worlds', 'w1'), [1, 2, 3]);
  });

  it('hold up no journal that they do not touch, also where nothing can be done about them', async () => {
    await pod.api.hello({ body: { build: 'b1', plugin: 'test' } });
    await refuseBad();
    await append(good(1), bad(2), good(3));
    await append({ seq: 4, data: { n: -0 } });
    await until(() => pod.log().includes('it failed and is tried again'), 'saves fails');
    const body = { entries: [good(1), good(2)] };
    await pod.api.appendInventory({ params: { player: 'ann' }, body });
    const ann = async () => (await pod.api.inventoryAcks({ params: { player: 'ann' } })).body.durable;
    await until(async () => (await ann()) === 2, 'the inventory is durable');
    assert.ok((await acks()).durable < 2);
    await refuse({});
    await durable(4);
    assert.deepEqual(await places('worlds', 'w1'), [1, 2, 3, -0]);
    assert.deepEqual(await places('players', 'ann'), [1, 2]);
  });
});
