import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { eventBed, type EventBed } from './event-bed.ts';
import { until } from './allocator-under-test.ts';

describe('The outboxes of allocations', function () {
  this.timeout(300_000);
  let bed: EventBed;
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    bed = await eventBed();
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await bed.close();
  });

  function startDrainer(does: string) {
    const script = new URL('drainer-process.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [script, bed.database.url, bed.database.name, does], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    return { child, says: (word: string) => until(`the drainer says ${word}`, async () => said.includes(word)) };
  }

  it('reach the log without a gap and in the order of each, while 200 move, forty at a time, and two processes drain', async () => {
    const stop = new AbortController();
    const drainers = [bed.drainer(), bed.drainer()];
    const running = drainers.map((drainer) => drainer.run(stop.signal));
    bed.allocations.onMoved(() => drainers[0]?.wake());
    let left = 200;
    // No more at a time than there are connections: whoever waited for one would count how long.
    const some = async () => {
      while (left-- > 0) await bed.move(await bed.make(), 4);
    };
    await Promise.all(Array.from({ length: 40 }, some));
    await bed.allTold();
    stop.abort();
    await Promise.all(running);
    assert.equal(await bed.events.head(), 1_000);
    await bed.assertWhole();
  });

  it('lose and double nothing when the process that drains is killed between copy and take-out, again and again', async () => {
    const uids: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      for (let nth = 0; nth < 5; nth += 1) uids.push(await bed.make());
      await Promise.all(uids.map((uid) => bed.move(uid)));
      const { child } = startDrainer(round % 2 === 0 ? 'dies-after-copy' : 'dies-amid-copy');
      const [, signal] = await once(child, 'exit');
      assert.equal(signal, 'SIGKILL');
      assert.ok((await bed.allocations.documents.count({ untoldSince: { $ne: null } })) > 0, 'it died too late');
    }
    await bed.drainAll();
    await bed.assertWhole();
  });

  it('are drained by another process when the first is paused, and it does no harm when it wakes', async () => {
    const first = startDrainer('pauses-before-copy');
    await first.says('holds');
    const uids = await Promise.all(Array.from({ length: 10 }, () => bed.make()));
    await first.says('pauses');
    const second = startDrainer('drains');
    await bed.allTold();
    await second.says('holds');
    // The first has read the beginnings of these; by now the log has more of them.
    await Promise.all(uids.map((uid) => bed.move(uid, 2)));
    await bed.allTold();
    first.child.kill('SIGCONT');
    const woken = first.says('awake');
    await Promise.all(uids.map((uid) => bed.move(uid, 2)));
    await woken;
    await bed.allTold();
    await bed.assertWhole();
  });

  it('keep an event that comes between copy and take-out', async () => {
    const uid = await bed.make();
    const stop = new AbortController();
    let moves = 2;
    const slow = bed.drainer({
      events: {
        ...bed.events,
        append: async (events) => {
          const count = await bed.events.append(events);
          if ((moves -= 1) >= 0) await bed.move(uid);
          return count;
        },
      },
    });
    const running = slow.run(stop.signal);
    await until('all moves are told', async () => (await bed.events.head()) === 3);
    await bed.allTold();
    stop.abort();
    await running;
    await bed.assertWhole();
  });

  it('do not count as a change for those who read the allocation', async () => {
    const uid = await bed.make();
    await bed.move(uid, 2);
    const before = (await bed.allocations.find(uid))?.version;
    await bed.drainAll();
    const after = await bed.allocations.find(uid);
    assert.equal(after?.version, before);
    assert.equal(after?.untoldSince, null);
  });

  it('are drained although one of them cannot be read', async () => {
    const odd = await bed.make();
    await bed.allocations.documents.raw.updateOne({ _id: odd }, { $set: { 'outbox.0.kind': 'from-a-later-build' } });
    const uid = await bed.make();
    const stop = new AbortController();
    const running = bed.drainer().run(stop.signal);
    await until('the sound one is told', async () => (await bed.events.head()) === 1);
    stop.abort();
    await running;
    assert.deepEqual(
      (await bed.events.readAfter(0, 10)).map((event) => event.allocation.uid),
      [uid],
    );
    assert.equal((await bed.allocations.documents.raw.findOne({ _id: odd }))?.outbox.length, 1);
  });
});
