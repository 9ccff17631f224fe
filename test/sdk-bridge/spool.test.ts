import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT_LOG } from '../../runtime/log.ts';
import type { JournalKey, SpoolRecord } from '../../sdk-bridge/journals/journal-head.ts';
import { openSpool, type PlacedRecord, type Spool } from '../../sdk-bridge/journals/spool.ts';

describe('the spool', () => {
  const owner = { uid: 'u', attempt: 1 };
  const W: JournalKey = 'worlds/w';
  const ANN: JournalKey = 'players/ann';
  let folder: string;
  let spool: Spool;
  const open = (change: { mostBytes?: number; attempt?: number } = {}) =>
    openSpool({ folder, owner: { ...owner, attempt: change.attempt ?? 1 }, mostBytes: change.mostBytes ?? 512 << 20, log: SILENT_LOG });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spool-'));
    spool = await open();
  });
  afterEach(async () => {
    await spool.close();
    await rm(folder, { recursive: true });
  });
  const reopened = async (change = {}) => {
    await spool.close();
    spool = await open(change);
    return spool;
  };
  const opening = (journal: JournalKey, seq: number): SpoolRecord => ({ is: 'open', journal, generation: 1, epoch: 3, seq });
  const entries = (journal: JournalKey, from: number, count: number, text = ''): SpoolRecord[] =>
    Array.from({ length: count }, (_, at) => ({ is: 'entry', journal, generation: 1, entry: { seq: from + at, data: { text } } }));
  const seqs = (read: readonly PlacedRecord[]) => read.map(({ record }) => (record.is === 'entry' ? record.entry.seq : record.is));
  const all = async (from = spool.first) => {
    const found: PlacedRecord[] = [];
    for (let place = from; spool.hasAfter(place); place = found.at(-1)?.next ?? place) found.push(...(await spool.read(place, 2, 1_000)));
    return found;
  };
  const seqOf = (journal: JournalKey) => spool.heads.get(journal)?.seq;

  it('gives back in order what was appended, and knows where each journal stands, also after a restart', async () => {
    await spool.append([opening(W, 10), opening(ANN, 0)]);
    await Promise.all([spool.append(entries(W, 11, 3)), spool.append(entries(ANN, 1, 1)), spool.append(entries(W, 14, 2))]);
    const expected = ['open', 'open', 11, 12, 13, 1, 14, 15];
    assert.deepEqual(seqs(await all()), expected);
    await reopened();
    assert.deepEqual(seqs(await all()), expected);
    assert.deepEqual([seqOf(W), seqOf(ANN), spool.heads.get(W)?.from, spool.heads.get(W)?.epoch], [15, 1, 10, 3]);
  });

  it('knows after a restart, in every journal, which entries saves never takes', async () => {
    const why = { code: 'input_invalid', detail: 'no' };
    await spool.append([opening(W, 0), opening(ANN, 4), ...entries(W, 1, 2)]);
    const refused = (generation: number): SpoolRecord => ({
      is: 'refused',
      journal: W,
      generation: 1,
      seq: 2,
      why,
      shares: [{ playerId: 'ann', generation, seq: 5 }],
    });
    await spool.append([refused(1), refused(1), refused(2)]);
    await reopened();
    assert.deepEqual([spool.heads.get(W)?.refused, spool.heads.get(ANN)?.refused], [[{ seq: 2, ...why }], [{ seq: 5, ...why }]]);
    await spool.append([{ is: 'open', journal: ANN, generation: 2, epoch: 3, seq: 5 }]);
    assert.equal(spool.heads.get(ANN)?.refused, undefined);
  });

  it('cuts a torn end off and goes on there', async () => {
    await spool.append([opening(W, 0), ...entries(W, 1, 2)]);
    await spool.close();
    const path = join(folder, (await readdir(folder))[0] ?? '');
    await appendFile(path, Buffer.from([200, 0, 0, 0, 1, 2, 3, 4, 123]));
    spool = await open();
    assert.equal(seqOf(W), 2);
    await spool.append(entries(W, 3, 1));
    assert.deepEqual(seqs(await all()), ['open', 1, 2, 3]);
  });

  it('does not believe a record whose checksum is wrong', async () => {
    await spool.append([opening(W, 0), ...entries(W, 1, 2, 'precious')]);
    await spool.close();
    const path = join(folder, (await readdir(folder))[0] ?? '');
    const bytes = await readFile(path);
    bytes[bytes.lastIndexOf('precious')] = 0x50;
    await writeFile(path, bytes);
    spool = await open();
    assert.equal(seqOf(W), 1);
  });

  it('drops files of what is settled, keeps the rest, and still knows where the journals stood', async () => {
    const large = 'x'.repeat(1_500_000);
    await spool.append([opening(W, 0), opening(ANN, 40)]);
    for (let seq = 1; seq <= 9; seq++) await spool.append(entries(W, seq, 1, large));
    assert.ok((await readdir(folder)).length >= 3);
    const records = await all();
    assert.deepEqual(seqs(records), ['open', 'open', 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await spool.settle(records.at(-2)?.next ?? spool.first);
    const kept = (await readdir(folder)).length;
    assert.ok(kept < 3, `${kept} files`);
    await reopened();
    assert.deepEqual([seqOf(W), seqOf(ANN)], [9, 40]);
    assert.equal(seqs(await all()).at(-1), 9);
    assert.ok((spool.settled.get(W)?.seq ?? 0) > 0);
  });

  it('takes no more than its bound, loses nothing that it took, and takes more when there is room', async () => {
    await reopened({ mostBytes: 20_000 });
    await spool.append([opening(W, 0)]);
    const text = 'x'.repeat(1_000);
    let last = 0;
    const fill = async () => {
      for (;;) {
        await spool.append(entries(W, last + 1, 1, text));
        last += 1;
      }
    };
    await assert.rejects(fill(), { kind: 'unavailable', code: 'spool_full', retryAfter: 5 });
    assert.ok(last > 10 && last < 20, `${last} entries`);
    assert.deepEqual([seqOf(W), spool.handed.get(W)?.seq], [last, last]);
    const records = await all();
    await spool.settle(records[10]?.next ?? spool.first);
    await spool.append(entries(W, last + 1, 1, text));
    assert.equal(seqs(await all()).at(-1), last + 1);
  });

  it('never continues the journals of another attempt', async () => {
    await spool.append([opening(W, 0), ...entries(W, 1, 1)]);
    await reopened({ attempt: 2 });
    assert.equal(spool.heads.size, 0);
    assert.equal(spool.hasAfter(spool.first), false);
  });
});
