/** Allocations that move by the store alone, their event log, and what must hold of it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { AllocationRequest, type AllocationState } from '../../contracts/allocator.ts';
import { newAllocation, type AllocationDocument } from '../../allocator/allocation.ts';
import { createDrainer, type Drainer, type DrainParts } from '../../allocator/delivery/drain-outbox.ts';
import { openAllocations } from '../../allocator/store/allocations.ts';
import { eventKeyOf, openEventLog } from '../../allocator/store/events.ts';
import { SILENT_LOG } from '../../runtime/log.ts';
import { freshDatabase } from '../services/fresh-database.ts';
import { until } from './allocator-under-test.ts';

const LIFE = ['placing', 'allocated', 'ready', 'ended'] as const;

export async function eventBed() {
  const database = await freshDatabase();
  const allocations = await openAllocations(database.db);
  const events = await openEventLog(database.db);
  /** uid → the kinds of its events in the order of its moves. */
  const moved = new Map<string, AllocationState[]>();

  const drainer = (changes: Partial<DrainParts> = {}): Drainer =>
    createDrainer({ allocations, events, metrics: NO_METRICS, log: SILENT_LOG, now: Date.now, appended: () => {}, ...changes });

  const bed = {
    database,
    allocations,
    events,
    drainer,
    make: async (client?: string, fleet?: string): Promise<string> => {
      const made = newQueued(client, fleet);
      assert.equal(await allocations.insert(made), 'inserted');
      moved.set(made._id, ['queued']);
      return made._id;
    },
    /** In one write: for tests that are about something else. */
    makeMany: async (count: number): Promise<string[]> => {
      const made = Array.from({ length: count }, () => newQueued());
      await allocations.documents.raw.insertMany(made);
      for (const { _id } of made) moved.set(_id, ['queued']);
      return made.map(({ _id }) => _id);
    },
    /** On to the next state, `times` over. */
    move: async (uid: string, times = 1): Promise<void> => {
      const states = moved.get(uid) ?? [];
      for (let nth = 0; nth < times; nth += 1) {
        const state = states.at(-1) ?? 'queued';
        const next = LIFE[states.length - 1];
        if (next === undefined) return;
        assert.ok(await allocations.move({ uid, state, attempt: 0 }, { state: next, event: { kind: next, at: new Date() } }));
        states.push(next);
      }
    },
    /** Drains until nothing is untold. */
    drainAll: async (): Promise<void> => {
      const stop = new AbortController();
      const running = drainer().run(stop.signal);
      await bed.allTold();
      stop.abort();
      await running;
    },
    allTold: () => until('all is told', async () => (await allocations.documents.count({ untoldSince: { $ne: null } })) === 0),
    /** Nothing lost, nothing doubled, no gap, and each allocation's events in the order of its moves. */
    assertWhole: async (): Promise<void> => {
      const log = await events.documents.list({}, { sort: { seq: 1 }, limit: 100_000 });
      assert.deepEqual(
        log.map((event) => event.seq),
        log.map((_, at) => at + 1),
      );
      for (const { _id, seq } of log) assert.equal(_id, eventKeyOf(seq));
      assert.equal(new Set(log.map((event) => event.eventId)).size, log.length);
      const told = Map.groupBy(log, (event) => event.allocation.uid);
      assert.equal(told.size, moved.size);
      for (const [uid, kinds] of moved)
        assert.deepEqual(
          told.get(uid)?.map((event) => event.kind),
          kinds,
        );
      for (const { kind, allocation } of log) assert.equal(allocation.state, kind);
      assert.equal(await allocations.documents.count({ outbox: { $ne: [] } }), 0);
    },
    close: () => database.close(),
  };
  return bed;
}

function newQueued(client = 'service:a', fleet = 'f'): AllocationDocument {
  const uid = randomBytes(16).toString('hex');
  const request = AllocationRequest.parse({
    id: `m-${uid}`,
    fleet,
    build: 'dev',
    mode: 'duel',
    session: { map: 'arena', capacity: 2 },
    players: [],
  });
  return newAllocation({
    uid,
    client,
    fingerprint: 'f',
    request,
    now: new Date(),
    worldSession: 0,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    newPacketKey: () => 'none',
  });
}

export type EventBed = Awaited<ReturnType<typeof eventBed>>;

const NO_METRICS: DrainParts['metrics'] = { appended: () => {}, pruned: () => {}, oldestUntold: () => {} };
