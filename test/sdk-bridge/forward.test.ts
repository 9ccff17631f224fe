import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../contracts/app-error.ts';
import type { JournalEntry } from '../../contracts/saves.ts';
import { SILENT_LOG } from '../../runtime/log.ts';
import { forwardJournals } from '../../sdk-bridge/journals/forward.ts';
import type { JournalSink } from '../../sdk-bridge/journals/forwarding.ts';
import type { JournalKey } from '../../sdk-bridge/journals/journal-head.ts';
import { createJournals, type Journals } from '../../sdk-bridge/journals/journals.ts';
import { judgeRefusal } from '../../sdk-bridge/journals/judge-refusal.ts';
import type { Cargo } from '../../sdk-bridge/journals/plan-wave.ts';
import { openSpool } from '../../sdk-bridge/journals/spool.ts';
import { until } from './stand-in/until.ts';

/** Patience for what takes as long as the machine is busy. */
const WAIT_MS = 100_000;
const W: JournalKey = 'worlds/w';
const entry = (seq: number, data: Record<string, unknown> = {}): JournalEntry => ({ seq, data });

describe('an entry that saves never takes, on its way', () => {
  let folder: string;
  const ends: (() => Promise<void>)[] = [];
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'forward-'))));
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
    await rm(folder, { recursive: true });
  });

  /** What was sent, how it was answered, what was set aside. */
  interface Sent {
    readonly journals: Journals;
    readonly batches: (number | string)[][];
    readonly setAside: number[];
    readonly closed: string[];
    /** How often it was asked whether the game server can be told. */
    readonly asks: () => number;
    readonly stop: () => Promise<void>;
  }
  /** Saves takes what is not `bad`, and of empty places what it is told to. */
  const forwarding = async ({
    tells = true,
    patienceMs = 20,
    ...saves
  }: Partial<JournalSink> & { places?: boolean; tells?: boolean; patienceMs?: number } = {}): Promise<Sent> => {
    const batches: Sent['batches'] = [];
    const setAside: number[] = [];
    const closed: string[] = [];
    let asked = 0;
    const stopping = new AbortController();
    const spool = await openSpool({ folder, owner: { uid: 'u', attempt: 1 }, mostBytes: 1 << 20, log: SILENT_LOG });
    const journals = createJournals({
      spool,
      log: SILENT_LOG,
      onClosed: (journal, { why, detail }) => closed.push(`${journal} ${why} ${detail}`),
    });
    const sink: JournalSink = {
      append: async ({ entries }: Cargo) => {
        batches.push(entries.map(({ seq, refused }) => (refused === undefined ? seq : `place ${seq}`)));
        const isRefused = entries.some(({ data, refused }) => data['bad'] === true || (refused !== undefined && saves.places === false));
        if (!isRefused) return { kind: 'stored', durableSeq: entries.at(-1)?.seq ?? 0, inventories: {} };
        const judged = judgeRefusal(new AppError('invalid', 'input_invalid', 'bad'), entries);
        assert.ok(judged.kind === 'refused');
        return judged;
      },
      storedUpTo: async () => 0,
      storedAt: async () => ({ kind: 'unknown' }),
      ...saves,
    };
    const parts = {
      journals,
      sink,
      setAside: async (record: { entry: JournalEntry }) => {
        if (!setAside.includes(record.entry.seq)) setAside.push(record.entry.seq);
        return 'a file';
      },
      canTell: () => {
        asked += 1;
        return tells;
      },
      patienceMs,
      now: Date.now,
      log: SILENT_LOG,
    };
    const running = forwardJournals(parts, stopping.signal);
    const stop = async () => {
      stopping.abort();
      // What was on its way is given up.
      await running.catch(() => {});
      await spool.close();
    };
    return { journals, batches, setAside, closed, asks: () => asked, stop };
  };
  const flushed = ({ journals }: Sent) => journals.flush(AbortSignal.timeout(WAIT_MS));

  it('is found by halves, and what is around it goes in order', async () => {
    const sent = await forwarding();
    ends.push(sent.stop);
    await sent.journals.open(W, 1, 0);
    await sent.journals.append(
      W,
      [1, 2, 3, 4, 5].map((seq) => entry(seq, { bad: seq === 4 })),
    );
    assert.equal(await flushed(sent), true);
    assert.deepEqual(sent.batches, [[1, 2, 3, 4, 5], [1, 2, 3], [4, 5], [4], ['place 4'], [5]]);
    assert.deepEqual(
      [sent.setAside, sent.journals.acks(W)],
      [[4], { accepted: 5, durable: 5, readOnly: false, refused: [{ seq: 4, code: 'input_invalid', detail: 'bad' }] }],
    );
  });

  it('is none where saves has it after all, from a call whose answer was lost', async () => {
    const sent = await forwarding({ storedUpTo: async () => 2 });
    ends.push(sent.stop);
    await sent.journals.open(W, 1, 0);
    await sent.journals.append(W, [entry(1), entry(2, { bad: true }), entry(3)]);
    assert.equal(await flushed(sent), true);
    assert.deepEqual([sent.setAside, sent.journals.acks(W)], [[], { accepted: 3, durable: 3, readOnly: false }]);
  });

  it('closes the journal where not even its place is taken; once it is noted only its place is sent', async () => {
    let sent = await forwarding({ places: false });
    await sent.journals.open(W, 1, 0);
    await sent.journals.append(W, [entry(1, { bad: true })]);
    await sent.journals.until(() => sent.closed.length > 0, AbortSignal.timeout(WAIT_MS));
    assert.deepEqual(sent.closed, ['worlds/w refused saves never takes world w 1: input_invalid']);
    assert.deepEqual([sent.batches, sent.setAside], [[[1], ['place 1']], [1]]);
    await sent.stop();
    // What is closed stays so; what was only noted is known.
    sent = await forwarding();
    ends.push(sent.stop);
    assert.deepEqual([await flushed(sent), sent.batches], [false, []]);
    await sent.journals.open(W, 1, 0);
    await sent.journals.refuse({ is: 'entry', journal: W, generation: 2, entry: entry(1) }, { code: 'c', detail: 'd' });
    await sent.journals.append(W, [entry(1, { bad: true }), entry(2)]);
    assert.equal(await flushed(sent), true);
    assert.deepEqual([sent.batches, sent.setAside], [[['place 1', 2]], []]);
  });

  describe('on which saves itself fails', function () {
    this.timeout(300_000);

    const fault = () => new AppError('internal', 'internal', 'it broke', { from: 'saves' });
    interface Told {
      readonly seq: number;
      readonly isPlace: boolean;
    }
    /** A saves that keeps what it took, and fails where it is told to. */
    const failing = (fails: (entry: JournalEntry, told: Told) => boolean | 'after') => {
      const stored: JournalEntry[] = [];
      const sink: Partial<JournalSink> = {
        append: async ({ entries }) => {
          const outcomes = entries.map((one) => fails(one, { seq: one.seq, isPlace: one.refused !== undefined }));
          if (outcomes.includes(true)) throw fault();
          stored.push(...entries.filter(({ seq }) => seq > (stored.at(-1)?.seq ?? 0)));
          if (outcomes.includes('after')) throw fault();
          return { kind: 'stored', durableSeq: stored.at(-1)?.seq ?? 0, inventories: {} };
        },
        storedUpTo: async () => stored.at(-1)?.seq ?? 0,
        storedAt: async (_journal, seq) => {
          const found = stored.find((one) => one.seq === seq);
          if (found === undefined) return { kind: 'unknown' };
          return found.refused === undefined ? { kind: 'entry' } : { kind: 'place', why: found.refused };
        },
      };
      return { sink, places: () => stored.map(({ seq, refused }) => (refused === undefined ? seq : `place ${seq}`)) };
    };
    const begun = async (saves: ReturnType<typeof failing>, tells = true) => {
      const sent = await forwarding({ ...saves.sink, tells });
      ends.push(sent.stop);
      await sent.journals.open(W, 1, 0);
      return sent;
    };
    const five = [1, 2, 3, 4, 5].map((seq) => entry(seq, { bad: seq === 4 }));

    it('leaves its place empty once saves takes that; what is around it is stored', async () => {
      const saves = failing(({ data }) => data['bad'] === true);
      const sent = await begun(saves);
      await sent.journals.append(W, five);
      assert.equal(await sent.journals.flush(AbortSignal.timeout(WAIT_MS)), true);
      assert.deepEqual(saves.places(), [1, 2, 3, 'place 4', 5]);
      const { refused, ...acks } = sent.journals.acks(W);
      assert.deepEqual([acks, sent.setAside], [{ accepted: 5, durable: 5, readOnly: false }, [4]]);
      assert.deepEqual(refused, [{ seq: 4, code: 'internal', detail: 'saves fails on it: it broke' }]);
    });

    it('is none where saves is ill: everything waits, and is stored when it is well again', async () => {
      let places = 0;
      let isIll = true;
      const saves = failing((_entry, { isPlace }) => {
        if (isPlace) places += 1;
        return isIll;
      });
      const sent = await begun(saves);
      await sent.journals.append(W, five);
      await until(() => places > 0, 'a place is tried');
      assert.deepEqual([sent.journals.acks(W), sent.closed], [{ accepted: 5, durable: 0, readOnly: false }, []]);
      isIll = false;
      assert.equal(await sent.journals.flush(AbortSignal.timeout(WAIT_MS)), true);
      assert.deepEqual([saves.places(), sent.journals.acks(W)], [[1, 2, 3, 4, 5], { accepted: 5, durable: 5, readOnly: false }]);
    });

    it('is read back where its answer was lost, so that an empty place is never told as kept, also after a restart', async () => {
      let isBad = true;
      const saves = failing(({ data }, { isPlace }) => (isPlace ? 'after' : data['bad'] === true && isBad));
      let sent = await begun(saves);
      await sent.journals.append(W, five);
      await until(() => saves.places().length === 4, 'its place is stored');
      await sent.stop();
      ends.splice(0);
      assert.equal(sent.journals.acks(W).durable, 3);
      isBad = false;
      sent = await forwarding(saves.sink);
      ends.push(sent.stop);
      assert.equal(await sent.journals.flush(AbortSignal.timeout(WAIT_MS)), true);
      assert.deepEqual(saves.places(), [1, 2, 3, 'place 4', 5]);
      const { durable, refused } = sent.journals.acks(W);
      assert.deepEqual([durable, refused?.map(({ seq }) => seq)], [5, [4]]);
    });

    it('waits where the game server could not be told', async () => {
      const saves = failing(({ data }) => data['bad'] === true);
      const sent = await begun(saves, false);
      await sent.journals.append(W, five);
      await until(() => sent.asks() > 1, 'it is looked at again');
      assert.deepEqual([saves.places(), sent.setAside, sent.journals.acks(W).readOnly], [[1, 2, 3], [], false]);
    });
  });

  /** As saves keeps journals: each seq once, without gaps, shares with their entry. It fails where it is told to. */
  const strictSaves = (fails: (cargo: Cargo) => boolean) => {
    const heads = new Map<JournalKey, number>();
    const order: string[] = [];
    const append: JournalSink['append'] = async (cargo) => {
      if (fails(cargo)) throw new AppError('internal', 'internal', 'something went wrong here');
      const next = (key: JournalKey, seq: number) => {
        const head = heads.get(key) ?? 0;
        if (seq <= head) return;
        assert.equal(seq, head + 1, `${key} has no gap`);
        heads.set(key, seq);
        order.push(`${key} ${seq}`);
      };
      for (const { seq, inventories = [] } of cargo.entries) {
        if (seq > (heads.get(cargo.journal) ?? 0)) for (const share of inventories) next(`players/${share.playerId}`, share.seq);
        next(cargo.journal, seq);
      }
      const players = new Set(cargo.entries.flatMap(({ inventories = [] }) => inventories.map(({ playerId }) => playerId)));
      const inventories = [...players].map((id) => [id, { durableSeq: heads.get(`players/${id}`) ?? 0, fenced: false }] as const);
      return { kind: 'stored', durableSeq: heads.get(cargo.journal) ?? 0, inventories: Object.fromEntries(inventories) };
    };
    return { append, heads, order };
  };
  const [ANN, BOB]: [JournalKey, JournalKey] = ['players/ann', 'players/bob'];
  const share = (playerId: string, seq: number) => ({ playerId, seq, data: {} });

  it('holds up what it touches, and what follows that, while the other journals go on', async () => {
    let isIll = true;
    const saves = strictSaves(({ entries }) => isIll && entries.some(({ data }) => data['bad'] === true));
    const sent = await forwarding({ append: saves.append, patienceMs: 3_600_000 });
    ends.push(sent.stop);
    for (const journal of [W, ANN, BOB]) await sent.journals.open(journal, 1, 0);
    await sent.journals.append(W, [{ ...entry(1, { bad: true }), inventories: [share('ann', 1)] }]);
    await sent.journals.append(BOB, [entry(1)]);
    await sent.journals.append(ANN, [entry(2)]);
    await sent.journals.append(BOB, [entry(2)]);
    await until(() => sent.journals.acks(BOB).durable === 2, 'bob goes on');
    await sent.journals.append(BOB, [{ ...entry(3), inventories: [share('ann', 3)] }, entry(4)]);
    await sent.journals.append(W, [entry(2)]);
    assert.deepEqual([...saves.heads], [[BOB, 2]]);
    isIll = false;
    assert.equal(await flushed(sent), true);
    assert.deepEqual(Object.fromEntries(saves.heads), { [ANN]: 3, [BOB]: 4, [W]: 2 });
  });

  it('is stored with all others, each once and in order, however saves fails', async () => {
    let seed = 7;
    const draw = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const saves = strictSaves(() => draw(3) === 0);
    const sent = await forwarding({ append: saves.append, patienceMs: 3_600_000 });
    ends.push(sent.stop);
    const keys: JournalKey[] = [W, 'players/ann', 'players/bob', 'players/cid', 'players/dan'];
    const seqs = new Map(keys.map((key) => [key, 0]));
    const next = (key: JournalKey) => seqs.set(key, (seqs.get(key) ?? 0) + 1).get(key) ?? 0;
    for (const key of keys) await sent.journals.open(key, 1, 0);
    for (let round = 0; round < 60; round += 1) {
      const journal = keys[draw(keys.length)] ?? W;
      const other = keys[1 + draw(keys.length - 1)] ?? W;
      const made = entry(next(journal));
      const touches = other !== journal && draw(3) === 0;
      await sent.journals.append(journal, [touches ? { ...made, inventories: [share(other.slice(8), next(other))] } : made]);
    }
    assert.equal(await sent.journals.flush(AbortSignal.timeout(WAIT_MS)), true);
    assert.deepEqual(Object.fromEntries(saves.heads), Object.fromEntries([...seqs].filter(([, seq]) => seq > 0)));
    assert.equal(new Set(saves.order).size, saves.order.length, 'each once');
  });
});
