import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { AllocationRequest } from '../../contracts/allocator.ts';
import type { AllocationDocument } from '../../allocator/allocation.ts';
import { nextId } from '../../allocator/moves/resume.ts';
import { allocatorUnderTest, anAllocation, EAST, letPass, until, type AllocatorUnderTest } from './allocator-under-test.ts';
import { makeReady, readySession, type ReadySession } from './ready-session.ts';

describe('A world whose server dies', function () {
  this.timeout(300_000);
  let world: AllocatorUnderTest;
  before(async () => {
    world = await allocatorUnderTest();
  });
  after(() => world.stop());

  const stored = () => world.database.db.collection<AllocationDocument>('allocations');
  const inWorld = (name: string) => ({ session: { map: 'arena', world: name, capacity: 4, spectators: 0, data: {} } });
  const die = ({ server }: Pick<ReadySession, 'server'>) => world.deleteServer(EAST, server.gameServer);
  const sessionsOf = (name: string) => stored().find({ 'request.session.world': name }).sort({ worldSession: 1 }).toArray();

  async function resumedAs({ look }: Pick<ReadySession, 'look'>): Promise<string> {
    let id: string | undefined;
    await until('it is resumed', async () => (id = (await look()).resumedAs) !== undefined);
    return id ?? '';
  }

  it('goes on in a next allocation with the same players, found from the lost one and by its players', async () => {
    const fleet = await world.makeFleet(EAST, 2);
    await world.knows(EAST, fleet, 2);
    const name = `w-${randomUUID()}`;
    const player = `p-${randomUUID()}`;
    const lost = await readySession(world, fleet, { ...inWorld(name), resume: true });
    // Another id joins: who holds a seat now counts, not who was asked for.
    const joined = anAllocation(fleet, { ...inWorld(name), players: [{ id: player, role: 'player', latencies: {} }] });
    await (await world.matchmaker()).requestAllocation({ body: joined });
    await die(lost);

    const id = await resumedAs(lost);
    assert.equal(id, `${lost.id}.resume-1`);
    const next = await makeReady(world, id);
    const shown = await next.look();
    assert.deepEqual([shown.resumedFrom, shown.session.world, shown.priority], [lost.id, name, lost.asked.priority]);
    assert.deepEqual(shown.players.map((one) => one.id).toSorted(), ['ada', 'bob', player].toSorted());
    const found = await (await world.as(player, ['player'])).playerSession({ params: { id: player }, query: { wait: 30 } });
    assert.equal(found.body.allocationId, id);
    const [first, second] = await sessionsOf(name);
    assert.equal((await sessionsOf(name)).length, 2);
    const epochs = [first?.worldEpoch ?? 0, second?.worldEpoch ?? 0];
    assert.ok((epochs[1] ?? 0) > (epochs[0] ?? 0), `the lease of the next one is later: ${epochs.join(', ')}`);

    await (await world.matchmaker()).cancelAllocation({ params: { id } });
    await letPass(2_500);
    assert.equal((await sessionsOf(name)).length, 2, 'what its client ends does not resume');
  });

  it('goes on once, although two processes see the loss and both are killed over it', async () => {
    const fleet = await world.makeFleet(EAST, 8);
    await world.knows(EAST, fleet, 8);
    const names = Array.from({ length: 4 }, () => `w-${randomUUID()}`);
    const lost = await Promise.all(names.map((name) => readySession(world, fleet, { ...inWorld(name), resume: true })));
    const another = await world.startAnother();
    try {
      await Promise.all(lost.map(die));
      await until('a loss is stored', async () =>
        (await Promise.all(lost.map(({ look }) => look()))).some(({ state }) => state === 'lost'),
      );
      await world.killAllocator();
    } finally {
      await another.stop();
    }
    await Promise.all(lost.map(resumedAs));
    // As if whoever had made the next one had been killed before it could say so.
    const uids = { $in: lost.map(({ uid }) => uid) };
    await until('nothing is left to do', async () => (await stored().countDocuments({ _id: uids, nextActionAt: null })) === lost.length);
    await stored().updateMany({ _id: uids }, { $set: { resumes: true, resumedAs: null, nextActionAt: new Date() } });
    assert.deepEqual(
      await Promise.all(lost.map(resumedAs)),
      lost.map(({ id }) => `${id}.resume-1`),
    );
    for (const name of names) assert.equal((await sessionsOf(name)).length, 2);
  });

  it('is given up after five in a row that did not last', async () => {
    const fleet = await world.makeFleet(EAST, 2);
    await world.knows(EAST, fleet, 2);
    const name = `w-${randomUUID()}`;
    let session: Omit<ReadySession, 'asked'> = await readySession(world, fleet, { ...inWorld(name), resume: true });
    const root = session.id;
    const row = { first: root, from: root, number: 4, inRow: 4 };
    await stored().updateOne({ _id: session.uid }, { $set: { resumed: row } });
    await die(session);
    session = await makeReady(world, await resumedAs(session));
    assert.equal(session.id, `${root}.resume-5`);
    await die(session);
    await until('it says so', async () => (await session.look()).reason?.includes('not resumed: 5') === true);
    assert.equal((await sessionsOf(name)).length, 2);

    // One that lasts begins anew.
    const lastsLong = await readySession(world, fleet, { ...inWorld(`${name}-2`), resume: true });
    const minuteAgo = new Date(Date.now() - 61_000);
    await stored().updateOne({ _id: lastsLong.uid }, { $set: { resumed: { ...row, inRow: 5 }, readyAt: minuteAgo } });
    await die(lastsLong);
    assert.equal(await resumedAs(lastsLong), `${root}.resume-6`, 'the number five is another allocation by now');
  });

  it('cannot be asked for without a world, and is told by no id that is too long', async () => {
    const without = AllocationRequest.safeParse({ ...anAllocation('f'), resume: true });
    assert.match(without.error?.issues[0]?.message ?? '', /world/);
    const matchmaker = await world.matchmaker();
    await assert.rejects(matchmaker.requestAllocation({ body: { ...anAllocation('f'), resume: true } }), { kind: 'invalid' });
    const long = [nextId(`${'a'.repeat(127)}b`, 12), nextId(`${'a'.repeat(127)}c`, 12)];
    assert.deepEqual(new Set(long.map((id) => id.length)), new Set([128]));
    assert.notEqual(long[0], long[1]);
  });
});
