import assert from 'node:assert/strict';
import type { AllocationDocument } from '../../allocator/allocation.ts';
import { createEventReader, type EventReader } from '../../allocator/delivery/read-events.ts';
import { createEventTail, type EventTail } from '../../allocator/delivery/event-tail.ts';
import { createWatcher } from '../../allocator/delivery/watcher.ts';
import { openAllocations } from '../../allocator/store/allocations.ts';
import { SILENT_LOG } from '../../runtime/log.ts';
import { until } from './allocator-under-test.ts';
import { eventBed, type EventBed } from './event-bed.ts';

describe('Followers of the event log', function () {
  this.timeout(300_000);
  let bed: EventBed;
  let stop: AbortController;
  const running: Promise<void>[] = [];
  beforeEach(async () => {
    bed = await eventBed();
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await Promise.all(running.splice(0));
    await bed.close();
  });

  /** @param remembered how many events stay in memory, at least. */
  function openTail(remembered: number): { tail: EventTail; reader: EventReader } {
    const tail = createEventTail(bed.events, SILENT_LOG, remembered);
    running.push(tail.run(stop.signal));
    return { tail, reader: createEventReader(bed.events, tail) };
  }

  const move = async (count: number, times: number, fleet?: string) => {
    const uids = await Promise.all(Array.from({ length: count }, () => bed.make('service:a', fleet)));
    await Promise.all(uids.map((uid) => bed.move(uid, times)));
    await bed.drainAll();
  };

  it('read the same from memory and from the store, and nothing twice where one goes over into the other', async () => {
    await move(1, 1);
    const { tail, reader } = openTail(10);
    await until('the tail has begun', async () => tail.head === 2);
    await move(20, 2, 'fleet-a');
    await move(20, 1, 'fleet-b');
    await until('the tail is up to date', async () => tail.head === 102);
    assert.equal(tail.at(5), undefined, 'it should have been forgotten');
    assert.equal(tail.at(102)?.seq, 102);
    for (const fleet of [undefined, 'fleet-a', 'fleet-b']) {
      const stored = await bed.events.readAfter(0, 1_000, fleet === undefined ? {} : { 'allocation.fleet': fleet });
      const read = [];
      for (let place = 0, next = -1; ; place = next) {
        const page = await reader.read(place, 7, { fleet });
        read.push(...page.events);
        ({ next } = page);
        if (next === place) break;
      }
      assert.deepEqual(read, stored);
    }
  });

  it('cost no more than one reading of the log, however many they are', async () => {
    let reads = 0;
    const counted = {
      ...bed.events,
      readAfter: (...asked: Parameters<typeof bed.events.readAfter>) => ((reads += 1), bed.events.readAfter(...asked)),
    };
    const tail = createEventTail(counted, SILENT_LOG);
    running.push(tail.run(stop.signal));
    const reader = createEventReader(counted, tail);
    await move(1, 1);
    await until('the tail is up to date', async () => tail.head === 2);
    const held = Array.from({ length: 1_000 }, () => reader.readHeld(2, 10, {}, 200_000, stop.signal));
    const before = reads;
    const from = performance.now();
    await move(3, 0);
    for (const page of await Promise.all(held)) assert.ok(page.events.length > 0);
    // Four looks a second.
    assert.ok(reads - before <= 3 + (performance.now() - from) / 200, `${reads - before} reads`);
  });

  it('go on when the log is another than it was, as after a restore', async () => {
    await move(5, 2);
    const { tail, reader } = openTail(100);
    await until('the tail is up to date', async () => tail.head === 15);
    const { raw } = bed.events.documents;
    await raw.deleteMany({ seq: { $gt: 5 } });
    await until('the tail has seen it', async () => tail.head === 5);
    await assert.rejects(reader.read(15, 10, {}), { code: 'events_unknown' });
    const held = reader.readHeld(5, 10, {}, 200_000, stop.signal);
    await move(1, 0);
    assert.deepEqual(
      (await held).events.map((event) => event.seq),
      [6],
    );
  });

  it('are told of a prune, which leaves no hole and never takes the newest', async () => {
    await move(4, 2);
    const { raw } = bed.events.documents;
    const old = new Date(Date.now() - 8 * 24 * 3_600_000);
    const week = new Date(Date.now() - 7 * 24 * 3_600_000);
    // Two old ones lie after one that is not: clocks differ.
    await raw.updateMany({ seq: { $in: [1, 2, 3, 4, 6, 7] } }, { $set: { at: old } });
    assert.equal(await bed.events.prune(week, 3), 3);
    assert.equal(await bed.events.prune(week, 100), 1);
    assert.equal(await bed.events.prune(week, 100), 0);
    assert.equal(await bed.events.start(), 5);
    const { tail, reader } = openTail(100);
    await until('the tail has begun', async () => tail.head === 12);
    await assert.rejects(reader.read(3, 10, {}), { kind: 'gone', code: 'events_pruned', message: /the oldest is 5: begin after 4/ });
    assert.equal((await reader.read(4, 1, {})).events[0]?.seq, 5);
    await raw.updateMany({}, { $set: { at: old } });
    assert.equal(await bed.events.prune(week, 100), 7);
    assert.equal(await bed.events.head(), 12);
    await move(1, 0);
    assert.equal(await bed.events.head(), 13);
  });
});

describe('Callers who hold the line', function () {
  this.timeout(300_000);
  let bed: EventBed;
  let stop: AbortController;
  beforeEach(async () => {
    bed = await eventBed();
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await bed.close();
  });

  it('cost one query a look, though a thousand wait for a thousand, and are woken each by its own', async () => {
    const uids = await bed.makeMany(1_000);
    let [finds, looks] = [0, 0];
    const { documents } = bed.allocations;
    const raw = new Proxy(documents.raw, {
      get: (target, name) => {
        if (name === 'find') looks += 1;
        return Reflect.get(target, name, target);
      },
    });
    const find = (uid: string) => bed.allocations.find(uid).finally(() => (finds += 1));
    const watcher = createWatcher({ find, documents: { ...documents, raw } });
    const running = watcher.run(stop.signal);
    const held: Promise<AllocationDocument | undefined>[] = [];
    // Some after some, so that what is measured is the looks and not the wait for a connection.
    while (held.length < uids.length) {
      for (const uid of uids.slice(held.length, held.length + 40))
        held.push(watcher.until(uid, (found) => found.state === 'placing', 600_000, stop.signal));
      await until('they have looked', async () => finds === held.length);
    }
    looks = 0;
    const from = performance.now();
    await until('some looks were taken', async () => looks >= 4);
    assert.ok(looks <= 2 + (performance.now() - from) / 240, `${looks} queries`);
    assert.equal(finds, 1_000);
    // As another process does, which cannot tell this one.
    const elsewhere = await openAllocations(bed.database.db);
    const [moved = ''] = uids;
    await elsewhere.move({ uid: moved, state: 'queued', attempt: 0 }, { state: 'placing', event: { kind: 'placing', at: new Date() } });
    assert.equal((await held[0])?.state, 'placing');
    assert.equal(finds, 1_001);
    stop.abort();
    // Each of them looks once more, all at the same time: what a busy database makes of that is not asked here.
    await Promise.allSettled(held);
    await running;
  });

  it('share one reading, though a thousand wait for the same', async () => {
    const uid = await bed.make();
    let finds = 0;
    const watcher = createWatcher({ ...bed.allocations, find: (asked) => ((finds += 1), bed.allocations.find(asked)) });
    bed.allocations.onMoved((moved) => watcher.changed(moved));
    const held = Array.from({ length: 1_000 }, () => watcher.until(uid, (found) => found.state === 'placing', 600_000, stop.signal));
    await until('they have looked', async () => finds > 0);
    await bed.move(uid);
    for (const found of await Promise.all(held)) assert.equal(found?.state, 'placing');
    assert.ok(finds <= 4, `${finds} reads`);
  });
});
