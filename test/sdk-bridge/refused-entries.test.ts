import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { JournalEntry, savesApi } from '../../contracts/saves.ts';
import { savesHandlers } from '../../saves/api/saves-handlers.ts';
import { restoreAll, savesUnderTest, type SavesUnderTest } from '../saves/saves-under-test.ts';
import { serveForTest } from '../services/serve-for-test.ts';
import { UID } from './stand-in/backend.ts';
import { startPod, type Pod } from './stand-in/bridge-process.ts';
import { until } from './stand-in/until.ts';

/**
 * The real saves on its database, as a later one may be: stricter than the bridge's own door, in the size of a request and in what data may
 * be.
 */
const { appendEntries } = savesApi.endpoints;
const Strict = JournalEntry.refine(({ data, inventories = [] }) =>
  [data, ...inventories.map((share) => share.data)].every((one) => one['bad'] !== true),
);
const strictApi = {
  ...savesApi,
  endpoints: {
    ...savesApi.endpoints,
    appendEntries: {
      ...appendEntries,
      body: appendEntries.body.extend({ entries: z.array(Strict).min(1).max(1_000) }),
      limits: { ...appendEntries.limits, bodyBytes: 16 * 1024 },
    },
  },
};

describe('entries that saves never takes', function () {
  this.timeout(300_000);
  const holder = { uid: UID, attempt: 1 };
  let saves: SavesUnderTest;
  let served: Awaited<ReturnType<typeof serveForTest<(typeof savesApi)['endpoints']>>>;
  let pod: Pod;

  beforeEach(async () => {
    saves = await savesUnderTest();
    served = await serveForTest(strictApi, savesHandlers(saves.parts), saves.trusted);
    await saves.allocator.takeLease({ params: { kind: 'worlds', id: 'w1' }, body: { holder } });
    pod = await startPod({ world: 'w1', env: { SAVES_URL: served.url } });
    pod.backend.grant = await saves.tokenFor({ holder, world: 'w1', players: ['ann', 'bob'] });
    await pod.play();
    for (const player of ['ann', 'bob']) {
      await pod.admit(await pod.backend.ticket(player));
      await pod.api.inventory({ params: { player } });
    }
  });
  afterEach(async () => {
    await pod?.close();
    await served?.close();
    await saves?.close();
  });

  const good = (seq: number): JournalEntry => ({ seq, data: { n: seq } });
  const bad = (seq: number): JournalEntry => ({ seq, data: { n: seq, bad: true } });
  const large = (seq: number): JournalEntry => ({ seq, data: { n: seq, text: 'x'.repeat(20_000) } });
  const shared = (entry: JournalEntry, shares: Record<string, number>): JournalEntry => ({
    ...entry,
    inventories: Object.entries(shares).map(([playerId, seq]) => ({ playerId, seq, data: { from: entry.seq } })),
  });
  const append = (...entries: JournalEntry[]) => pod.api.appendWorld({ body: { entries } });
  const durable = async (seq: number) => {
    await until(async () => (await pod.api.worldAcks({})).body.durable >= seq, `entry ${seq} is durable`);
    return (await pod.api.worldAcks({})).body;
  };
  const ofInventory = async (player: string) => (await pod.api.inventoryAcks({ params: { player } })).body;
  const numbered = (acks: { refused?: { seq: number; code: string }[] | undefined }) => acks.refused?.map(({ seq, code }) => [seq, code]);
  /** What each place holds: a number, or why it is empty. */
  const places = async (kind: 'worlds' | 'players', id: string) =>
    (await restoreAll(saves.operator, kind, id)).entries.map(({ data, refused }) => refused?.code ?? data['n'] ?? data['from']);

  it('are set aside, told with the acks, and leave their places empty in every journal; what is behind them is stored', async () => {
    await pod.api.hello({ body: { build: 'b1', plugin: 'test', refusals: true } });
    const sent = [good(1), good(2), shared(good(3), { ann: 1 }), good(4), large(5), shared(good(6), { ann: 2, bob: 1 })];
    await append(...sent, shared(bad(7), { ann: 3, bob: 2 }), good(8), shared(good(9), { ann: 4 }));
    await pod.api.appendInventory({ params: { player: 'ann' }, body: { entries: [good(5)] } });
    assert.deepEqual(numbered(await durable(9)), [
      [5, 'body_too_large'],
      [7, 'input_invalid'],
    ]);
    await until(async () => (await ofInventory('ann')).durable === 5, 'so is the inventory');
    assert.deepEqual(numbered(await ofInventory('ann')), [[3, 'input_invalid']]);
    assert.deepEqual(await places('worlds', 'w1'), [1, 2, 3, 4, 'body_too_large', 6, 'input_invalid', 8, 9]);
    assert.deepEqual(await places('players', 'ann'), [3, 6, 'input_invalid', 9, 5]);
    assert.deepEqual(await places('players', 'bob'), [6, 'input_invalid']);

    const folder = join(pod.folder, 'spool', 'refused');
    const kept = await Promise.all(
      (await readdir(folder)).toSorted().map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8'))),
    );
    assert.deepEqual(
      kept.map(({ journal, why, entry }) => [journal, why.code, entry]),
      [
        ['worlds/w1', 'body_too_large', large(5)],
        ['worlds/w1', 'input_invalid', shared(bad(7), { ann: 3, bob: 2 })],
      ],
    );
    assert.equal(pod.log().match(/"level":"error"/g)?.length, 2);
    assert.match(await (await fetch(`${pod.opsUrl()}/metrics`)).text(), /lifeverse_entries_refused_total\{[^}]*\} 4/);

    await pod.crash();
    await append(good(10));
    assert.deepEqual(numbered(await durable(10)), [
      [5, 'body_too_large'],
      [7, 'input_invalid'],
    ]);
    assert.equal((await pod.api.world({})).body.entries[4]?.refused?.code, 'body_too_large');
    await pod.api.end({ body: { reason: 'played' } });
    assert.equal(pod.backend.told.at(-1), 'end played; saves never took worlds/w1 5, worlds/w1 7, players/ann 3, players/bob 2');
  });

  it('cost a game server its journal, told as read-only, where it does not heed what acks say, or where they are too many', async () => {
    await pod.api.hello({ body: { build: 'b1', plugin: 'test' } });
    await pod.api.appendInventory({ params: { player: 'bob' }, body: { entries: [good(1), bad(2), good(3)] } });
    await until(async () => (await ofInventory('bob')).readOnly, 'the inventory is closed');
    assert.deepEqual(await ofInventory('bob'), { accepted: 3, durable: 1, readOnly: true });
    const [notice] = (await pod.api.notices({ query: {} })).body.notices;
    assert.match(JSON.stringify(notice), /"read-only".*saves never takes inventory of bob 2: input_invalid/);

    await pod.api.hello({ body: { build: 'b1', plugin: 'test', refusals: true } });
    const count = 40;
    await append(...Array.from({ length: count }, (_, at) => (at % 2 === 0 ? good(at + 1) : bad(at + 1))));
    await until(async () => (await pod.api.worldAcks({})).body.readOnly, 'the world is closed');
    const acks = (await pod.api.worldAcks({})).body;
    assert.deepEqual([acks.accepted, acks.durable, acks.refused?.length], [count, 33, 16]);
    assert.equal((await pod.api.session({})).body.readOnly, true);
  });

  it('are no others than those of an inventory that the session may not touch any more: the rest goes on', async () => {
    await append(shared(good(1), { ann: 1, bob: 1 }));
    await durable(1);
    pod.backend.grant = await saves.tokenFor({ holder, world: 'w1', players: ['ann'] });
    await assert.rejects(pod.api.packetKey({ params: { player: 'zoe' } }), { code: 'seat_unknown' });
    await append(good(2), shared(good(3), { bob: 2, ann: 2 }), shared(good(4), { ann: 3 }));
    assert.equal((await durable(4)).readOnly, false);
    assert.deepEqual([(await ofInventory('ann')).durable, await ofInventory('bob')], [3, { accepted: 2, durable: 1, readOnly: true }]);
    assert.deepEqual(
      [await places('worlds', 'w1'), await places('players', 'ann'), await places('players', 'bob')],
      [[1, 2, 3, 4], [1, 3, 4], [1]],
    );
  });
});
