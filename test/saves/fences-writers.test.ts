import assert from 'node:assert/strict';
import { AppError } from '../../contracts/app-error.ts';
import { appendEntries } from '../../saves/moves/append-entries.ts';
import { restore } from '../../saves/moves/restore.ts';
import type { SavesParts } from '../../saves/moves/saves-parts.ts';
import { pause } from '../../runtime/deadline.ts';
import { takeLease } from '../../saves/moves/take-lease.ts';
import { entriesFrom, newHolder, restoreAll, savesUnderTest, type SavesUnderTest } from './saves-under-test.ts';

const live = new AbortController().signal;
const permit = () => {};

describe('saves fences writers when they race', function () {
  this.timeout(600_000);
  let saves: SavesUnderTest;
  before(async () => (saves = await savesUnderTest()));
  after(() => saves.close());

  /** The same parts, but each batch that is stored waits for `gate` before the head is moved. */
  const stoppedAfterInsert = (gate: (batchId: string) => Promise<void>): SavesParts => ({
    ...saves.parts,
    batches: {
      ...saves.parts.batches,
      insert: async (batch) => {
        const inserted = await saves.parts.batches.insert(batch);
        await gate(batch._id);
        return inserted;
      },
    },
  });
  const journalOf = async (id: string) => (await restore(saves.parts, { id, after: undefined, permit }, live)).entries;

  it('never shows a batch that was stored before a new lease and would have counted after it', async () => {
    const id = 'worlds/between';
    await takeLease(saves.parts, id, newHolder(), live);
    await appendEntries(saves.parts, { id, epoch: 1, entries: entriesFrom(1, 3), permit }, live);
    const slow = stoppedAfterInsert(async () => void (await takeLease(saves.parts, id, newHolder(), live)));
    await assert.rejects(appendEntries(slow, { id, epoch: 1, entries: entriesFrom(4, 5, { of: 'old' }), permit }, live), {
      code: 'epoch_stale',
    });
    assert.deepEqual(await journalOf(id), entriesFrom(1, 3));
    await appendEntries(saves.parts, { id, epoch: 2, entries: entriesFrom(4, 2, { of: 'new' }), permit }, live);
    assert.deepEqual(await journalOf(id), [...entriesFrom(1, 3), ...entriesFrom(4, 2, { of: 'new' })]);
  });

  it('never shows a batch that is stored after a new lease, however late', async () => {
    const id = 'worlds/late';
    await takeLease(saves.parts, id, newHolder(), live);
    const late: SavesParts = {
      ...saves.parts,
      batches: {
        ...saves.parts.batches,
        insert: async (batch) => {
          await takeLease(saves.parts, id, newHolder(), live);
          await appendEntries(saves.parts, { id, epoch: 2, entries: entriesFrom(1, 4, { of: 'new' }), permit }, live);
          return saves.parts.batches.insert(batch);
        },
      },
    };
    await assert.rejects(appendEntries(late, { id, epoch: 1, entries: entriesFrom(1, 9, { of: 'old' }), permit }, live), {
      code: 'epoch_stale',
    });
    assert.equal(await saves.parts.batches.count({ subject: id }), 2, 'the old batch is stored');
    assert.deepEqual(await journalOf(id), entriesFrom(1, 4, { of: 'new' }), 'and not visible');
  });

  it('goes on over a batch that a crash left behind, without showing it', async () => {
    const id = 'worlds/crashed';
    await takeLease(saves.parts, id, newHolder(), live);
    const crash = stoppedAfterInsert(() => Promise.reject(new Error('killed')));
    await assert.rejects(appendEntries(crash, { id, epoch: 1, entries: entriesFrom(1, 5, { of: 'lost' }), permit }, live), /killed/);
    assert.deepEqual(await journalOf(id), []);
    await appendEntries(saves.parts, { id, epoch: 1, entries: entriesFrom(1, 2, { of: 'kept' }), permit }, live);
    await appendEntries(saves.parts, { id, epoch: 1, entries: entriesFrom(3, 4, { of: 'kept' }), permit }, live);
    assert.deepEqual(await journalOf(id), entriesFrom(1, 6, { of: 'kept' }));
  });

  it('stores a request that is sent twice at once one time, a hundred times over', async () => {
    const id = 'worlds/twice';
    await takeLease(saves.parts, id, newHolder(), live);
    for (let turn = 0; turn < 100; turn += 1) {
      const entries = entriesFrom(turn * 3 + 1, 3);
      const heads = await Promise.all([1, 2].map(() => appendEntries(saves.parts, { id, epoch: 1, entries, permit }, live)));
      assert.deepEqual(heads, [turn * 3 + 3, turn * 3 + 3]);
    }
    assert.deepEqual(await journalOf(id), entriesFrom(1, 300));
  });

  it('keeps every acknowledged entry, and each number once, while holders take the lease from each other a hundred times', async () => {
    const id = 'stolen';
    const params = { kind: 'worlds' as const, id };
    const acknowledged = new Map<number, string>();
    let fenced = 0;
    const given = AbortSignal.timeout(500_000);
    const failed = new AbortController();
    const over = AbortSignal.any([given, failed.signal]);

    /** As a bridge does: again, until it is answered. */
    const insist = async <T>(call: () => Promise<T>): Promise<T> => {
      for (;;) {
        try {
          return await call();
        } catch (error) {
          if (!(error instanceof AppError && error.retryable)) throw error;
          await pause(10, over).then(() => over.throwIfAborted());
        }
      }
    };

    /** One holder's life: lease, then append until it is fenced. */
    const hold = async (): Promise<void> => {
      const holder = newHolder();
      const { body: lease } = await insist(() => saves.allocator.takeLease({ params, body: { holder } }));
      const session = await saves.session({ holder, world: id });
      let head = lease.durableSeq;
      try {
        for (;;) {
          over.throwIfAborted();
          const entries = entriesFrom(head + 1, 3, { by: holder.uid });
          head = await insist(async () => (await session.appendEntries({ params, body: { epoch: lease.epoch, entries } })).body.durableSeq);
          for (const { seq } of entries) {
            assert.equal(acknowledged.get(seq), undefined, `entry ${seq} was acknowledged to two holders`);
            acknowledged.set(seq, holder.uid);
          }
        }
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'epoch_stale')) throw error;
        fenced += 1;
      }
    };
    const fencedAtLeast = async (count: number, durable = 0) => {
      while (fenced < count || acknowledged.size < durable) await pause(1, over).then(() => over.throwIfAborted());
    };
    const holders = Promise.all(
      Array.from({ length: 100 }, async (_, turn) => {
        // The next comes when all but two before it are fenced, and right into what the newest of them writes.
        await fencedAtLeast(turn - 2, turn * 3);
        await hold();
      }),
    ).catch((error: unknown) => failed.abort(error));
    await fencedAtLeast(99);
    await saves.allocator.takeLease({ params, body: { holder: newHolder() } });
    await holders;
    over.throwIfAborted();

    const { entries } = await restoreAll(saves.operator, 'worlds', id);
    assert.deepEqual(
      entries.map((entry) => entry.seq),
      entries.map((_, index) => index + 1),
      'no gap, none twice',
    );
    for (const [seq, by] of acknowledged) assert.equal(entries[seq - 1]?.data['by'], by, `entry ${seq} is not what was acknowledged`);
    assert.ok(acknowledged.size > 0);
  });
});
