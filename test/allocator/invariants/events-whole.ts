/** Invariant 8, as far as the log goes: every move is told once, in order, without a gap. */
import assert from 'node:assert/strict';
import { z } from 'zod';
import type { AllocatorUnderTest } from '../allocator-under-test.ts';
import { until } from '../allocator-under-test.ts';
import { AllocationDocument, isFinal, MAY_BECOME } from '../../../allocator/allocation.ts';
import { documentsOf } from '../../../runtime/documents/collection.ts';
import { openEventLog } from '../../../allocator/store/events.ts';
import { AllocationState } from '../../../contracts/allocator.ts';

const Told = z.object({ state: AllocationState });

export async function assertEventsWhole({ database }: Pick<AllocatorUnderTest, 'database'>): Promise<void> {
  const documents = documentsOf<AllocationDocument>(database.db, 'allocations', AllocationDocument);
  await until('everything is told', async () => (await documents.count({ untoldSince: { $ne: null } })) === 0);
  const events = await (await openEventLog(database.db)).readAfter(0, 100_000);
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, at) => at + 1),
    'the log has no gap',
  );
  assert.equal(new Set(events.map(({ id }) => id)).size, events.length, 'nothing is told twice');
  const told = Map.groupBy(events, ({ allocation }) => allocation.uid);
  for (const { _id, state } of await documents.list({}, { limit: 10_000 })) {
    const states = (told.get(_id) ?? [])
      .filter(({ kind }) => AllocationState.safeParse(kind).success)
      .map(({ kind }) => Told.parse({ state: kind }).state);
    assert.equal(states[0], 'queued');
    for (const [at, next] of states.slice(1).entries()) {
      const before = states[at] ?? 'queued';
      assert.ok(MAY_BECOME[before].includes(next), `${_id} is told to have become ${next} from ${before}: ${states.join(' ')}`);
    }
    if (isFinal(state)) assert.equal(states.at(-1), state, `${_id} is ${state}, and that is told last`);
  }
}
