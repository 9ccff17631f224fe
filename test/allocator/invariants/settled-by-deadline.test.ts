import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../../contracts/app-error.ts';
import type { Allocation } from '../../../contracts/allocator.ts';
import { allocatorUnderTest, anAllocation, EAST, until, type AllocatorUnderTest } from '../allocator-under-test.ts';
import { NOTHING_WRONG, startChecker, type Checker } from './checker.ts';
import { closeLane } from './kill-at-each.ts';
import { ask, inState, look } from './lives.ts';
import { ownMongo, ownRedis, type OwnStore } from './own-stores.ts';
import { pausedAt } from './paused.ts';

/** A sweep of one second, and a move: ten times that, for a machine that has other work. */
const SOON_MS = 30_000;
/** Ten times what invariant 3 says of the database's return, for the same reason. */
const AFTER_RETURN_MS = 50_000;
const DEADLINE = { deadlineSeconds: 3 };

describe('Invariant 3: a stored allocation is settled by its deadline', function () {
  this.timeout(600_000);
  let redis: OwnStore;
  let mongo: OwnStore;
  let world: AllocatorUnderTest;
  let checker: Checker;
  before(async () => {
    [redis, mongo] = await Promise.all([ownRedis(), ownMongo()]);
    world = await allocatorUnderTest({ redisUrl: redis.url, mongoUrl: mongo.url, env: { ASK_TIMEOUT_MS: '2000' } });
    checker = await startChecker(world);
  });
  after(async () => {
    await closeLane({ world, checker });
    await Promise.all([redis.stop(), mongo.stop()]);
  });

  const settledAfter = async ({ id, deadlineAt }: Allocation): Promise<number> => {
    const { endedAt, state } = await inState({ world }, id, ['expired']);
    assert.equal(state, 'expired');
    return Date.parse(endedAt ?? '') - Date.parse(deadlineAt);
  };

  /** One that waits for capacity, and one whose server never accepts. */
  async function twoThatWillBeLate(): Promise<{ waits: Allocation; loads: Allocation }> {
    const [empty, fleet] = await Promise.all([world.makeFleet(EAST, 0), world.makeFleet(EAST, 1)]);
    await world.knows(EAST, fleet, 1);
    // As short as this machine, and what is away now, let a server be bound before.
    for (let { deadlineSeconds } = DEADLINE; ; deadlineSeconds *= 2) {
      const [waits, loads] = await Promise.all([
        ask({ world, checker }, anAllocation(empty, { deadlineSeconds })),
        ask({ world, checker }, anAllocation(fleet, { deadlineSeconds })),
      ]);
      const { state } = await inState({ world }, loads.id, ['allocated', 'expired']);
      if (state === 'allocated') return { waits, loads };
    }
  }

  /** Until the deadline of the last of them is over. */
  const lapse = (made: readonly Allocation[], moreMs = 0) =>
    sleep(Math.max(0, ...made.map(({ deadlineAt }) => Date.parse(deadlineAt) - Date.now())) + moreMs);

  async function assertInTime(made: readonly Allocation[]): Promise<void> {
    for (const one of made) {
      const after = await settledAfter(one);
      assert.ok(after < SOON_MS, `settled ${after} ms after its deadline`);
    }
  }

  it('though Redis is wiped meanwhile', async () => {
    const { waits, loads } = await twoThatWillBeLate();
    // All of it: every job, and what BullMQ knows of its own queues.
    await redis.kill();
    await redis.restart();
    await assertInTime([waits, loads]);
  });

  it('though Redis hangs, or is away; and requests are taken and served meanwhile', async () => {
    for (const [away, back] of [
      [() => redis.pause(), () => redis.goOn()],
      [() => redis.kill(), () => redis.restart()],
    ] as const) {
      await away();
      try {
        await assertInTime(Object.values(await twoThatWillBeLate()));
      } finally {
        await back();
      }
    }
  });

  it('by another process, where one is paused that holds it', async () => {
    const fleet = await world.makeFleet(EAST, 1);
    const asked = anAllocation(fleet, DEADLINE);
    let held: Awaited<ReturnType<typeof pausedAt>> | undefined;
    await world.killAllocator(async () => {
      held = await pausedAt(world, 'allocations:placing:after:1', asked);
    });
    assert.ok(held);
    try {
      const found = await ask({ world, checker }, asked);
      await assertInTime([found]);
    } finally {
      held.goOn();
      await until(
        'its server, if it wins one, is gone',
        async () => (await world.carriersOf((await look({ world }, asked.id)).uid)).length === 0,
      );
      await held.end();
    }
  });

  it('though no allocator runs at its deadline: then within seconds of its start', async () => {
    const { waits, loads } = await twoThatWillBeLate();
    await world.killAllocator(() => lapse([waits, loads]));
    const upAt = Date.now();
    for (const { id } of [waits, loads]) {
      await inState({ world }, id, ['expired']);
      const after = Date.now() - upAt;
      assert.ok(after < AFTER_RETURN_MS, `settled ${after} ms after the start`);
    }
  });

  it('though the database hangs, or is away, over the deadline: within 5 s of its return; requests get 503 and leave nothing half-done', async () => {
    for (const [away, back] of [
      [() => mongo.pause(), () => mongo.goOn()],
      [() => mongo.kill(), () => mongo.restart()],
    ] as const) {
      const { waits, loads } = await twoThatWillBeLate();
      await away();
      const asked = anAllocation('none', DEADLINE);
      const patient = { timeoutMs: 100_000 };
      const refused = (await world.matchmaker()).requestAllocation({ body: asked }, patient).catch((cause: unknown) => cause);
      await lapse([waits, loads], 1_000);
      const cause = await refused;
      assert.ok(cause instanceof AppError, 'it was answered, though there is no database');
      // 503 a few seconds before the request's own deadline, or 504 at it where the machine has other work.
      if (cause.kind === 'timeout') assert.equal(cause.code, 'deadline_passed');
      else assert.deepEqual({ kind: cause.kind, again: cause.retryAfter }, { kind: 'unavailable', again: 1 });
      await back();
      const backAt = Date.now();
      for (const { id } of [waits, loads]) {
        await inState({ world }, id, ['expired']);
        const after = Date.now() - backAt;
        assert.ok(after < AFTER_RETURN_MS, `settled ${after} ms after the return of the database`);
      }
      // Kept whole, or not at all: sent again, it is one allocation that lives and ends as any other.
      const kept = await ask({ world, checker }, asked);
      await assertInTime([kept]);
    }
  });

  it('and nothing was lost, doubled or left behind', async () => {
    await checker.allOver();
    assert.deepEqual(await checker.verdict(), NOTHING_WRONG);
  });
});
