import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { AllocationRequest } from '../../contracts/allocator.ts';
import { allocatorUnderTest, anAllocation, EAST, letPass, until, type AllocatorUnderTest } from './allocator-under-test.ts';

describe('Requests by selectors', function () {
  this.timeout(300_000);
  let world: AllocatorUnderTest;
  before(async () => {
    world = await allocatorUnderTest();
  });
  after(() => world.stop());

  const among = (...fleets: string[]) => ({ matchExpressions: [{ key: 'agones.dev/fleet', operator: 'In' as const, values: fleets }] });
  const asking = (changes: object) => AllocationRequest.parse({ ...anAllocation('none'), fleet: undefined, ...changes });
  const ask = async (body: AllocationRequest) => (await world.matchmaker()).requestAllocation({ body });
  const serverOf = async (id: string) => (await (await world.matchmaker()).getAllocation({ params: { id } })).body.server?.gameServer;
  const fleetThatServes = async (id: string, fleets: readonly string[]) => {
    await until(`${id} has a server`, async () => (await serverOf(id)) !== undefined);
    const name = await serverOf(id);
    const all = await Promise.all(fleets.map((fleet) => world.servers(EAST, fleet)));
    return all.flat().find((server) => server.name === name);
  };

  it('change counters and lists of the server that they get, which is the one that their priorities prefer', async () => {
    const of = (count: number) => ({ counters: { rooms: { count, capacity: 4 } }, lists: { guests: { capacity: 3, values: ['zoe'] } } });
    const empty = await world.makeFleet(EAST, 2, of(0));
    const fullish = await world.makeFleet(EAST, 2, of(2));
    for (const fleet of [empty, fullish]) await world.knows(EAST, fleet, 2);
    const room = { counters: { rooms: { minAvailable: 2 } }, lists: { guests: { minAvailable: 1 } } };
    const wanting = (order: 'Ascending' | 'Descending') =>
      asking({
        selectors: [{ ...among(empty, fullish), ...room }],
        priorities: [{ type: 'Counter', key: 'rooms', order }],
        counters: { rooms: { action: 'Increment', amount: 2 } },
        lists: { guests: { addValues: ['ada'] } },
      });
    for (const [order, fleet, count] of [
      ['Descending', empty, 2],
      ['Ascending', fullish, 4],
    ] as const) {
      const asked = wanting(order);
      await ask(asked);
      const server = await fleetThatServes(asked.id, [empty, fullish]);
      assert.equal(server?.fleet, fleet, `${order} took another fleet's`);
      assert.deepEqual(server.counters, { rooms: { count, capacity: 4 } });
      assert.deepEqual(server.lists, { guests: { values: ['zoe', 'ada'], capacity: 3 } });
    }
    const rooms = (await world.servers(EAST, empty)).filter(({ state }) => state === 'Ready').map(({ counters }) => counters['rooms']);
    assert.deepEqual(rooms, [{ count: 0, capacity: 4 }], 'a server that nobody got has changed');
  });

  it('and by fleet stand in one line: each server goes to the oldest who may use it', async () => {
    const [arena, island] = [await world.makeFleet(EAST, 0), await world.makeFleet(EAST, 0)];
    const either = asking({ selectors: [among(arena), among(island)] });
    const arenaOnly = anAllocation(arena);
    const islandOnly = anAllocation(island);
    const eitherToo = asking({ selectors: [among(island), among(arena)] });
    const line = [arenaOnly, either, islandOnly, eitherToo];
    for (const one of line) await ask(one);
    const sizes = { [arena]: 0, [island]: 0 };
    const served: string[] = [];
    for (const [fleet, expected] of [
      [island, either],
      [island, islandOnly],
      [island, eitherToo],
      [arena, arenaOnly],
    ] as const) {
      sizes[fleet] = (sizes[fleet] ?? 0) + 1;
      await world.scale(EAST, fleet, sizes[fleet]);
      assert.equal((await fleetThatServes(expected.id, [arena, island]))?.fleet, fleet);
      served.push(expected.id);
      await letPass(50);
      const have = await Promise.all(line.map(async ({ id }) => ((await serverOf(id)) === undefined ? [] : [id])));
      assert.deepEqual(new Set(have.flat()), new Set(served));
    }
  });

  it('are not overtaken by younger ones that name the fleet', async () => {
    const fleet = await world.makeFleet(EAST, 0);
    for (let round = 1; round <= 8; round += 1) {
      // Its world has to be fenced before a server is asked for: time enough for others to be faster.
      const older = asking({ selectors: [among(fleet)], session: { map: 'arena', world: `w-${randomUUID()}`, capacity: 4 } });
      await ask(older);
      const younger: string[] = [];
      let isTaken = false;
      const coming = (async () => {
        while (!isTaken) {
          const body = anAllocation(fleet);
          younger.push(body.id);
          await ask(body);
        }
      })();
      await world.scale(EAST, fleet, round);
      await until(`round ${round}: the server is taken`, async () => {
        const servers = await world.servers(EAST, fleet);
        return servers.length === round && servers.every(({ state }) => state === 'Allocated');
      }).finally(() => (isTaken = true));
      await coming;
      await until(`round ${round}: somebody has it`, async () => {
        const have = await Promise.all([older.id, ...younger].map(serverOf));
        return have.some((server) => server !== undefined);
      });
      assert.notEqual(await serverOf(older.id), undefined, `round ${round}: the older one was overtaken`);
      const matchmaker = await world.matchmaker();
      await Promise.all(younger.map((id) => matchmaker.cancelAllocation({ params: { id } })));
    }
  });
});
