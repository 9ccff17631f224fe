import assert from 'node:assert/strict';
import { AppError, Problem } from '../../contracts/app-error.ts';
import { entriesFrom, newHolder, restoreAll, savesUnderTest, type SavesUnderTest } from './saves-under-test.ts';

const conflict = (code: string) => (error: unknown) => error instanceof AppError && error.kind === 'conflict' && error.code === code;

describe('saves keeps the journal of a world', function () {
  this.timeout(300_000);
  let saves: SavesUnderTest;
  before(async () => (saves = await savesUnderTest()));
  after(() => saves.close());

  /** A world that is leased, with its session. */
  const leasedWorld = async (world: string, holder = newHolder()) => {
    const params = { kind: 'worlds' as const, id: world };
    const lease = (await saves.allocator.takeLease({ params, body: { holder } })).body;
    return { params, holder, lease, session: await saves.session({ holder, world }) };
  };

  it('gives back what was appended, in order and to the letter', async () => {
    const { params, session, lease } = await leasedWorld('letter');
    const odd = { $set: { 'a.b': 1 }, '': null, deep: [[['\0', 1e21, -0.5, -0]]], ключ: '🜁', constructor: { prototype: { x: 2 ** 60 } } };
    const answer = await session.appendEntries({
      params,
      body: { epoch: lease.epoch, entries: [{ seq: 1, data: odd }, ...entriesFrom(2, 2)] },
    });
    assert.equal(answer.body.durableSeq, 3);
    const restored = (await session.restore({ params, query: {} })).body;
    assert.deepEqual(restored, { durableSeq: 3, entries: [{ seq: 1, data: odd }, ...entriesFrom(2, 2)] });
    assert.equal(Reflect.get({}, 'x'), undefined);
  });

  it('refuses what would come back as something else, and says where it is', async () => {
    const { params, session, holder, lease } = await leasedWorld('odd');
    const token = await saves.tokenFor({ holder, world: 'odd' });
    const lost = '{"a":[{"__proto__":{"polluted":1}}],"b":1,"b":2,"c":76561198000000001,"d":1e400,"e":"\\ud83d"}';
    const body = `{"epoch":${lease.epoch},"entries":[{"seq":1,"data":{}},{"seq":2,"data":${lost}}]}`;
    const answer = await saves.post('/v1/worlds/odd/entries', token, body);
    assert.equal(answer.status, 400);
    const at = '#/body/entries/1/data';
    assert.deepEqual(
      Problem.parse(JSON.parse(answer.body))
        .faults?.map(({ pointer }) => pointer)
        .toSorted(),
      [`${at}/a/0/__proto__`, `${at}/b`, `${at}/c`, `${at}/d`, `${at}/e`],
    );
    assert.equal(Reflect.get({}, 'polluted'), undefined);
    assert.equal((await session.restore({ params, query: {} })).body.durableSeq, 0, 'nothing of it is stored');
  });

  it('passes over entries that are stored already, alone or at the head of more', async () => {
    const { params, session } = await leasedWorld('again');
    await session.appendEntries({ params, body: { epoch: 1, entries: entriesFrom(1, 10) } });
    assert.equal(
      (await session.appendEntries({ params, body: { epoch: 1, entries: entriesFrom(1, 10, { other: true }) } })).body.durableSeq,
      10,
    );
    assert.equal((await session.appendEntries({ params, body: { epoch: 1, entries: entriesFrom(6, 10) } })).body.durableSeq, 15);
    assert.deepEqual((await restoreAll(saves.operator, 'worlds', 'again')).entries, entriesFrom(1, 15));
  });

  it('refuses a gap and numbers that do not go up by one', async () => {
    const { params, session } = await leasedWorld('gaps');
    await assert.rejects(session.appendEntries({ params, body: { epoch: 1, entries: entriesFrom(2, 1) } }), conflict('sequence_gap'));
    const holed = [...entriesFrom(1, 1), ...entriesFrom(3, 1)];
    await assert.rejects(session.appendEntries({ params, body: { epoch: 1, entries: holed } }), {
      kind: 'invalid',
      code: 'entries_not_consecutive',
    });
    assert.equal((await saves.operator.getLease({ params })).body.durableSeq, 0);
  });

  it('gives the same holder the same epoch, and a later attempt the next', async () => {
    const { params, holder } = await leasedWorld('epochs');
    assert.equal((await saves.allocator.takeLease({ params, body: { holder } })).body.epoch, 1);
    const next = { ...holder, attempt: 2 };
    assert.equal((await saves.allocator.takeLease({ params, body: { holder: next } })).body.epoch, 2);
    await assert.rejects(saves.allocator.takeLease({ params, body: { holder } }), conflict('holder_superseded'));
    assert.deepEqual((await saves.operator.getLease({ params })).body.holder, next);
  });

  it('fences the old holder at once, and the new one goes on after its last durable entry', async () => {
    const old = await leasedWorld('fenced');
    await old.session.appendEntries({ params: old.params, body: { epoch: 1, entries: entriesFrom(1, 5) } });
    const next = await leasedWorld('fenced');
    assert.deepEqual([next.lease.epoch, next.lease.durableSeq], [2, 5]);
    const late = { epoch: 1, entries: entriesFrom(6, 5, { of: 'old' }) };
    await assert.rejects(old.session.appendEntries({ params: old.params, body: late }), conflict('epoch_stale'));
    await assert.rejects(
      old.session.putSnapshot({ params: old.params, body: { epoch: 1, snapshot: { seq: 5, data: 'x' } } }),
      conflict('epoch_stale'),
    );
    await next.session.appendEntries({ params: next.params, body: { epoch: 2, entries: entriesFrom(6, 5, { of: 'new' }) } });
    const { entries } = await restoreAll(saves.operator, 'worlds', 'fenced');
    assert.deepEqual(entries, [...entriesFrom(1, 5), ...entriesFrom(6, 5, { of: 'new' })]);
  });

  it('restores in pages of at most 1,000 entries, across batches and stretches', async () => {
    const first = await leasedWorld('pages');
    await first.session.appendEntries({ params: first.params, body: { epoch: 1, entries: entriesFrom(1, 700) } });
    await first.session.appendEntries({ params: first.params, body: { epoch: 1, entries: entriesFrom(701, 1_000) } });
    const second = await leasedWorld('pages');
    await second.session.appendEntries({ params: second.params, body: { epoch: 2, entries: entriesFrom(1_701, 900) } });
    const restored = await restoreAll(second.session, 'worlds', 'pages');
    assert.deepEqual(restored.entries, entriesFrom(1, 2_600));
    assert.equal(restored.pages, 3);
  });

  it('says so, and gives nothing, where a batch of the journal is missing', async () => {
    const { params, session } = await leasedWorld('hole');
    for (const first of [1, 11, 21]) await session.appendEntries({ params, body: { epoch: 1, entries: entriesFrom(first, 10) } });
    await saves.parts.batches.remove({ _id: 'worlds/hole/1/11' });
    await assert.rejects(session.restore({ params, query: {} }), { kind: 'internal', code: 'journal_gap' });
    await assert.rejects(session.restore({ params, query: { after: 10 } }), { kind: 'internal', code: 'journal_gap' });
  });

  it('closes a stretch by a snapshot: restore is the snapshot and the journal after it', async () => {
    const { params, session } = await leasedWorld('snap');
    await session.appendEntries({ params, body: { epoch: 1, entries: entriesFrom(1, 20) } });
    await assert.rejects(
      session.putSnapshot({ params, body: { epoch: 1, snapshot: { seq: 21, data: 'early' } } }),
      conflict('snapshot_ahead'),
    );
    assert.equal((await session.putSnapshot({ params, body: { epoch: 1, snapshot: { seq: 12, data: 'twelve' } } })).body.seq, 12);
    assert.deepEqual((await session.restore({ params, query: {} })).body, {
      durableSeq: 20,
      snapshot: { seq: 12, data: 'twelve' },
      entries: entriesFrom(13, 8),
    });
    assert.equal(
      (await session.putSnapshot({ params, body: { epoch: 1, snapshot: { seq: 4, data: 'late' } } })).body.seq,
      12,
      'an older one does not displace it',
    );
    assert.equal((await session.putSnapshot({ params, body: { epoch: 1, snapshot: { seq: 20, data: 'twenty' } } })).body.seq, 20);
    assert.deepEqual((await session.restore({ params, query: {} })).body, {
      durableSeq: 20,
      snapshot: { seq: 20, data: 'twenty' },
      entries: [],
    });
    assert.equal(await saves.parts.snapshotParts.count({ subject: 'worlds/snap' }), 1, 'the replaced one is gone');
  });

  it('keeps a snapshot of more than one document whole', async () => {
    const { params, session } = await leasedWorld('large');
    const data = 'äöü€'.repeat(1_100_000);
    await session.putSnapshot({ params, body: { epoch: 1, snapshot: { seq: 0, data } } });
    assert.ok((await saves.parts.snapshotParts.count({ subject: 'worlds/large' })) > 1);
    assert.equal((await session.restore({ params, query: {} })).body.snapshot?.data === data, true);
    await assert.rejects(session.putSnapshot({ params, body: { epoch: 1, snapshot: { seq: 0, data: '\ud800' } } }), { kind: 'invalid' });
  });

  it('restores nothing of a world that never was, and needs a lease to write', async () => {
    const params = { kind: 'worlds' as const, id: 'never' };
    assert.deepEqual((await saves.operator.restore({ params, query: {} })).body, { durableSeq: 0, entries: [] });
    await assert.rejects(saves.operator.getLease({ params }), { kind: 'not-found' });
    await assert.rejects(saves.operator.appendEntries({ params, body: { epoch: 1, entries: entriesFrom(1, 1) } }), { kind: 'not-found' });
  });

  it('answers bad input with what to mend, never with a failure of its own', async () => {
    const { params, session } = await leasedWorld('bad');
    let deep: Record<string, unknown> = {};
    for (let depth = 0; depth < 200; depth += 1) deep = { deep };
    await assert.rejects(session.appendEntries({ params, body: { epoch: 1, entries: [{ seq: 1, data: deep }] } }), { kind: 'invalid' });
    const huge = `{"epoch":1,"entries":[{"seq":2,"data":{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}}]}`;
    const token = await saves.tokenFor({ holder: newHolder(), world: 'bad' });
    const answer = await saves.post(`/v1/worlds/bad/entries`, token, huge);
    assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status} ${answer.body}`);
  });
});
