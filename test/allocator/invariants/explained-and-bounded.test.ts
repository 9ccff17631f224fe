import assert from 'node:assert/strict';
import { openAllocations, type Allocations } from '../../../allocator/store/allocations.ts';
import type { AllocationDocument } from '../../../allocator/allocation.ts';
import { allocatorUnderTest, anAllocation, EAST, until, WEST, type AllocatorUnderTest } from '../allocator-under-test.ts';
import { startChecker, type Checker } from './checker.ts';
import { closeLane } from './kill-at-each.ts';
import { ask, endOf, inState } from './lives.ts';

/** Many times what a session's own data may take; far from what a document may. */
const MOST_BYTES = 64 * 1_024;

describe('Invariant 7: every decision is explained, and bounded', function () {
  this.timeout(600_000);
  let world: AllocatorUnderTest;
  let checker: Checker;
  before(async () => {
    world = await allocatorUnderTest();
    checker = await startChecker(world);
  });
  after(() => closeLane({ world, checker }));

  const traceOf = async (id: string) => (await (await world.matchmaker()).traceAllocation({ params: { id } })).body;

  it('tells the clusters considered, why each was rejected, and the milliseconds of each try', async () => {
    const fleet = await world.makeFleet(EAST, 0);
    const made = await ask({ world, checker }, anAllocation(fleet));
    await until('it has looked', async () => (await traceOf(made.id)).decisions.length > 0);
    const [waited] = (await traceOf(made.id)).decisions;
    assert.deepEqual(new Set(waited?.considered.map(({ cluster }) => cluster)), new Set([EAST, WEST]));
    for (const { cluster, rejected } of waited?.considered ?? []) assert.ok(rejected, `${cluster} was rejected for a reason`);
    await world.standIn.misbehave({ failBeforeCommit: 1 });
    await world.scale(EAST, fleet, 1);
    await inState({ world }, made.id, ['allocated']);
    const { tries, decisions, rejections } = await traceOf(made.id);
    assert.equal(tries.at(-1)?.outcome, 'bound');
    assert.ok(tries.length >= 2, 'the failed try is told, too');
    for (const { ms, cluster } of tries) assert.ok(ms >= 0 && cluster === EAST);
    assert.equal(decisions.at(-1)?.chosen, EAST);
    assert.ok(Object.values(rejections).some((count) => count > 0));
    await endOf({ world, checker }, made.id);
  });

  it('keeps its size through 200 failed tries, each with its decision, however wordy', async () => {
    const fleet = await world.makeFleet(EAST, 0);
    const made = await ask({ world, checker }, anAllocation(fleet, { deadlineSeconds: 600 }));
    const allocations = await openAllocations(world.database.db);
    for (let round = 0; round < 200; round += 1) await failOnce(allocations, made.uid, round);
    await until('the outbox is told', async () => (await allocations.find(made.uid))?.outbox.length === 0);
    const kept = await allocations.find(made.uid);
    const bytes = JSON.stringify(kept).length;
    assert.ok(bytes < MOST_BYTES, `the document has ${bytes} bytes`);
    const trace = await traceOf(made.id);
    assert.ok(JSON.stringify(trace).length < MOST_BYTES);
    assert.ok(trace.tries.length >= 10 && trace.decisions.length >= 10, 'the newest are there');
    assert.equal(trace.tries.at(-1)?.detail?.startsWith('try 199'), true, 'and the last one is the last one');
    await endOf({ world, checker }, made.id);
  });
});

/** A decision and a failed try, as the moves write them; the allocator is at work on the same document. */
async function failOnce(allocations: Allocations, uid: string, round: number): Promise<void> {
  const at = new Date();
  const considered = Array.from({ length: 20 }, (_, cluster) => ({ cluster: `cluster-${cluster}`, ready: 0, rejected: 'no-capacity' }));
  const decision = { at: at.toISOString(), considered };
  const attemptTry = {
    attempt: 1,
    cluster: 'cluster-0',
    startedAt: at.toISOString(),
    ms: 1,
    outcome: 'doubt' as const,
    detail: `try ${round}: ${'no answer '.repeat(30)}`,
  };
  const present = async (): Promise<AllocationDocument> => (await allocations.find(uid)) ?? assert.fail('it is gone');
  const insist = async (write: (found: AllocationDocument) => Promise<boolean>) => {
    while (!(await write(await present())));
  };
  const due = new Date(at.getTime() + 60_000);
  const placing = { event: { kind: 'placing' as const, at }, set: { nextActionAt: due, leaseUntil: due }, push: { decision } };
  await insist(({ attempt }) => allocations.move({ uid, state: 'queued', attempt }, { state: 'placing', ...placing }));
  const queued = { event: { kind: 'queued' as const, at, data: { after: 'doubt' } }, set: { nextActionAt: due, leaseUntil: null } };
  await insist(({ attempt }) => allocations.move({ uid, state: 'placing', attempt }, { state: 'queued', ...queued, push: { attemptTry } }));
}
