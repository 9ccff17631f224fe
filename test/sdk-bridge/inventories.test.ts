import assert from 'node:assert/strict';
import { AppError } from '../../contracts/app-error.ts';
import type { JournalEntry } from '../../contracts/saves.ts';
import { startPlayingPod, type Pod, type PodOptions } from './stand-in/bridge-process.ts';
import { until } from './stand-in/until.ts';

describe('inventories on the bridge', function () {
  this.timeout(300_000);
  let pod: Pod;
  afterEach(() => pod.close());

  const entries = (from: number, count: number): JournalEntry[] =>
    Array.from({ length: count }, (_, at) => ({ seq: from + at, data: { n: from + at } }));
  const pickup = (seq: number, shares: Record<string, number>): JournalEntry => ({
    seq,
    data: { n: seq },
    inventories: Object.entries(shares).map(([playerId, share]) => ({ playerId, seq: share, data: { from: seq } })),
  });
  const load = async (player: string) => (await pod.api.inventory({ params: { player } })).body;
  const append = async (player: string, ...sent: JournalEntry[]) =>
    (await pod.api.appendInventory({ params: { player }, body: { entries: sent } })).body;
  const appendWorld = async (...sent: JournalEntry[]) => (await pod.api.appendWorld({ body: { entries: sent } })).body;
  const durable = async (player: string, seq: number) =>
    (await pod.api.inventoryAcks({ params: { player }, query: { wait: 20, after: seq - 1 } })).body;
  const admit = async (player: string) => pod.admit(await pod.backend.ticket(player));
  const saved = (player: string) => pod.backend.inventories.get(player)?.entries ?? [];
  const is = (kind: string, code: string) => (cause: unknown) => cause instanceof AppError && cause.kind === kind && cause.code === code;
  const start = async (options: PodOptions = { world: 'w1' }) => void (pod = await startPlayingPod(options, ['ann', 'bob']));

  it('are loaded, appended to, made durable and closed by snapshots, each for itself', async () => {
    await start();
    assert.deepEqual(await load('ann'), { playerId: 'ann', durableSeq: 0, entries: [] });
    await load('bob');
    const before = (await pod.api.acks({ query: {} })).body;
    assert.deepEqual(await append('ann', ...entries(1, 3)), { accepted: 3, durable: 0, readOnly: false });
    await append('ann', ...entries(2, 3));
    await append('bob', ...entries(1, 1));
    assert.deepEqual(await durable('ann', 4), { accepted: 4, durable: 4, readOnly: false });
    await durable('bob', 1);
    const after = (await pod.api.acks({ query: { wait: 20, from: before.version } })).body;
    assert.notEqual(after.version, before.version);
    assert.deepEqual(
      after.inventories.map(({ playerId, durable: seq }) => [playerId, seq]),
      [
        ['ann', 4],
        ['bob', 1],
      ],
    );
    const params = { player: 'ann' };
    await assert.rejects(pod.api.putInventorySnapshot({ params, body: { seq: 5, data: 's' } }), is('conflict', 'snapshot_ahead'));
    await pod.api.putInventorySnapshot({ params, body: { seq: 3, data: 'three' } });
    assert.deepEqual(await load('ann'), { playerId: 'ann', durableSeq: 4, snapshot: { seq: 3, data: 'three' }, entries: entries(4, 1) });
    await assert.rejects(append('ann', ...entries(6, 1)), is('conflict', 'sequence_gap'));
  });

  it('are those of players who have come in and whose inventory was loaded', async () => {
    pod = await startPlayingPod();
    await assert.rejects(load('stranger'), is('not-found', 'seat_unknown'));
    await assert.rejects(load('ann'), is('conflict', 'seat_not_admitted'));
    await admit('ann');
    await assert.rejects(append('ann', ...entries(1, 1)), is('conflict', 'inventory_not_loaded'));
    await assert.rejects(pod.api.inventoryAcks({ params: { player: 'ann' } }), is('conflict', 'inventory_not_loaded'));
    await load('ann');
    assert.equal((await append('ann', ...entries(1, 1))).accepted, 1);
    assert.deepEqual((await pod.api.acks({ query: {} })).body.world, undefined);
  });

  it('have a share of a world entry when the world has it, once, however often it is sent', async () => {
    await start();
    await load('ann');
    await load('bob');
    await append('ann', ...entries(1, 2));
    const sent = [...entries(1, 1), pickup(2, { ann: 3, bob: 1 }), ...entries(3, 1)];
    assert.equal((await appendWorld(...sent)).accepted, 3);
    await append('ann', ...entries(4, 1));
    assert.equal((await appendWorld(...sent)).accepted, 3);
    assert.equal((await durable('ann', 4)).durable, 4);
    assert.deepEqual(
      saved('ann').map(({ seq, data }) => [seq, data]),
      [
        [1, { n: 1 }],
        [2, { n: 2 }],
        [3, { from: 2 }],
        [4, { n: 4 }],
      ],
    );
    assert.deepEqual(saved('bob'), [{ seq: 1, data: { from: 2 } }]);
    await assert.rejects(appendWorld(pickup(4, { ann: 4 })), is('conflict', 'sequence_gap'));
    await assert.rejects(appendWorld(pickup(4, { bob: 3 })), is('conflict', 'sequence_gap'));
    await append('bob', { seq: 2, data: { gives: 'axe' }, inventories: [{ playerId: 'ann', seq: 5, data: { gets: 'axe' } }] });
    assert.equal((await durable('ann', 5)).durable, 5);
    assert.deepEqual(saved('ann').at(-1), { seq: 5, data: { gets: 'axe' } });
  });

  it('keep every accepted entry and share over kill -9 while saves is away', async () => {
    await start();
    await load('ann');
    await load('bob');
    await appendWorld(...entries(1, 1));
    await pod.api.worldAcks({ query: { wait: 20, after: 0 } });
    pod.backend.savesAway = true;
    await append('ann', ...entries(1, 100));
    for (let seq = 2; seq <= 20; seq++) await appendWorld(pickup(seq, { ann: 99 + seq, bob: seq - 1 }));
    await append('bob', ...entries(20, 5));
    await pod.crash();
    // Saves need not be there for going on.
    assert.equal((await append('ann', ...entries(120, 1))).accepted, 120);
    assert.equal((await appendWorld(pickup(21, { bob: 25 }))).accepted, 21);
    await pod.crash();
    pod.backend.savesAway = false;
    assert.equal((await durable('ann', 120)).durable, 120);
    assert.equal((await durable('bob', 25)).durable, 25);
    assert.equal((await pod.api.worldAcks({ query: { wait: 20, after: 20 } })).body.durable, 21);
    for (const [journal, last] of [
      [pod.backend.stored, 21],
      [saved('ann'), 120],
      [saved('bob'), 25],
    ] as const)
      assert.deepEqual(
        journal.map(({ seq }) => seq),
        Array.from({ length: last }, (_, at) => at + 1),
      );
  });

  it('are read-only when another session has them; the world goes on, without their shares', async () => {
    await start();
    await load('ann');
    await load('bob');
    await append('ann', ...entries(1, 1));
    await durable('ann', 1);
    const { version } = (await pod.api.notices({ query: {} })).body;
    pod.backend.takeAway('ann');
    await appendWorld(pickup(1, { ann: 2, bob: 1 }));
    assert.deepEqual(await durable('ann', 2), { accepted: 2, durable: 1, readOnly: true });
    assert.equal((await durable('bob', 1)).durable, 1);
    const { notices } = (await pod.api.notices({ query: { wait: 10, from: version } })).body;
    assert.deepEqual(notices, [{ kind: 'read-only', reason: 'another session has the inventory', playerId: 'ann' }]);
    assert.deepEqual(
      pod.backend.stored[0]?.inventories?.map(({ playerId, refused }) => [playerId, refused]),
      [
        ['ann', true],
        ['bob', undefined],
      ],
    );
    await assert.rejects(append('ann', ...entries(3, 1)), is('conflict', 'inventory_read_only'));
    await assert.rejects(appendWorld(pickup(2, { ann: 3 })), is('conflict', 'inventory_read_only'));
    await assert.rejects(load('ann'), is('conflict', 'inventory_read_only'));
    await pod.crash();
    await assert.rejects(append('ann', ...entries(3, 1)), is('conflict', 'inventory_read_only'));
    assert.equal((await appendWorld(...entries(2, 1))).accepted, 2);

    // They come back: what was in hand before is over, and what is stored by now counts.
    assert.equal((await admit('ann')).admitted, true);
    assert.deepEqual(await load('ann'), { playerId: 'ann', durableSeq: 1, entries: entries(1, 1) });
    assert.deepEqual((await pod.api.notices({ query: {} })).body.notices, []);
    assert.equal((await append('ann', ...entries(2, 1))).accepted, 2);
    assert.equal((await durable('ann', 2)).readOnly, false);
  });

  it('are cut where an entry was lost that they have a share of, and go on when they are loaded again', async () => {
    await start();
    await load('ann');
    await load('bob');
    pod.backend.savesAway = true;
    await append('bob', ...entries(1, 1));
    await append('ann', { seq: 1, data: {}, inventories: [{ playerId: 'bob', seq: 2, data: {} }] });
    await append('bob', ...entries(3, 1));
    await appendWorld(pickup(1, { bob: 4 }));
    pod.backend.takeAway('ann');
    pod.backend.savesAway = false;
    assert.deepEqual(await durable('bob', 4), { accepted: 4, durable: 1, readOnly: true });
    assert.equal((await pod.api.worldAcks({ query: { wait: 20, after: 0 } })).body.durable, 1);
    assert.equal(pod.backend.stored[0]?.inventories?.[0]?.refused, true);
    assert.deepEqual(await load('bob'), { playerId: 'bob', durableSeq: 1, entries: entries(1, 1) });
    await append('bob', ...entries(2, 1));
    assert.equal((await durable('bob', 2)).durable, 2);
    assert.deepEqual(saved('bob'), entries(1, 2));
  });

  it('push back when too much waits for saves, and lose nothing of what they took', async () => {
    await start({ world: 'w1', env: { SPOOL_MAX_MB: '0.05' } });
    await load('ann');
    await pod.api.worldAcks({});
    pod.backend.savesAway = true;
    const data = { text: 'x'.repeat(1_000) };
    let [world, ann] = [0, 0];
    const fill = async () => {
      for (;;) {
        await appendWorld({ seq: world + 1, data });
        world += 1;
        await append('ann', { seq: ann + 1, data });
        ann += 1;
      }
    };
    await assert.rejects(fill(), (cause) => is('unavailable', 'spool_full')(cause) && cause instanceof AppError && cause.retryAfter === 5);
    assert.ok(world > 10, `${world} entries`);
    pod.backend.savesAway = false;
    await until(async () => (await pod.api.worldAcks({})).body.durable === world, 'all is stored');
    assert.deepEqual([pod.backend.stored.length, saved('ann').length], [world, ann]);
    assert.equal((await appendWorld({ seq: world + 1, data })).accepted, world + 1);
  });

  it('are flushed at the end of the session, and take nothing after it', async () => {
    await start();
    await load('ann');
    await append('ann', ...entries(1, 5));
    await pod.api.end({ body: { reason: 'played' } });
    assert.equal(saved('ann').length, 5);
    await assert.rejects(append('ann', ...entries(6, 1)), is('conflict', 'session_ended'));
  });

  it('are waited for at the door of no one: they come when saves is back', async () => {
    pod = await startPlayingPod({ env: { LOG_LEVEL: 'info' } });
    pod.backend.savesAway = true;
    assert.equal((await admit('ann')).admitted, true);
    const loading = load('ann');
    pod.backend.savesAway = false;
    assert.equal((await loading).durableSeq, 0);
    assert.equal((await append('ann', ...entries(1, 1))).accepted, 1);
  });
});
