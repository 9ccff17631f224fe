import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { newAllocation, type AllocationDocument } from '../../allocator/allocation.ts';
import { Census } from '../../allocator/clusters/census.ts';
import { createLineWaker } from '../../allocator/queue/line-waker.ts';
import { createStandingLines, type StandingLines } from '../../allocator/queue/standing-lines.ts';
import { openAllocations, type Allocations } from '../../allocator/store/allocations.ts';
import { AllocationRequest } from '../../contracts/allocator.ts';
import { SILENT_LOG } from '../../runtime/log.ts';
import { freshDatabase, type FreshDatabase } from '../services/fresh-database.ts';
import { allocatorUnderTest, anAllocation, EAST, letPass, until, WEST, type AllocatorUnderTest } from './allocator-under-test.ts';

describe('Those who wait in line', function () {
  this.timeout(300_000);

  describe('are woken by capacity:', () => {
    let database: FreshDatabase;
    let allocations: Allocations;
    let given: string[];
    let census: Record<'r1' | 'r2', Census>;
    let stop: AbortController;
    /** They are read in one test only: whoever is woken in the others was woken by a server. */
    let lines: StandingLines;
    let servers = 0;

    before(async () => {
      database = await freshDatabase();
      allocations = await openAllocations(database.db);
    });
    after(() => database.close());
    beforeEach(async () => {
      await allocations.documents.remove({});
      given = [];
      census = { r1: new Census(Date.now), r2: new Census(Date.now) };
      stop = new AbortController();
      const clusterOf = (region: 'r1' | 'r2') => {
        census[region].synced = true;
        const config = { name: `c-${region}`, region, namespace: 'n', kubeconfig: 'k', weight: 1, drain: false };
        return { config, healthy: true, barred: () => undefined, census: census[region], onUsable: () => {} };
      };
      const clusters = [clusterOf('r1'), clusterOf('r2')];
      lines = createStandingLines({ line: allocations.line, everyMs: 2_000, log: SILENT_LOG });
      const waker = createLineWaker({
        clusters: new Map(clusters.map((cluster) => [cluster.config.name, cluster])),
        windows: { open: [] },
        now: Date.now,
        worker: 'me',
        line: allocations.line,
        turns: { give: (uid) => given.push(uid) },
        lines,
        log: SILENT_LOG,
      });
      for (const cluster of clusters) waker.watch(cluster);
    });
    afterEach(() => stop.abort());

    const waiting = async (count: number, changes: object = {}, age = 0): Promise<AllocationDocument[]> => {
      const made = Array.from({ length: count }, (_, n) => {
        const request = AllocationRequest.parse({
          id: randomUUID(),
          fleet: 'duels',
          build: 'dev',
          mode: 'duel',
          session: { map: 'arena', capacity: 2 },
          players: [],
          deadlineSeconds: 600,
          ...changes,
        });
        return newAllocation({
          uid: randomUUID().replaceAll('-', ''),
          client: 'test',
          fingerprint: '',
          request,
          now: new Date(Date.now() - 40_000 + n - age),
          worldSession: 0,
          traceparent: '',
          newPacketKey: () => '',
        });
      });
      await allocations.documents.raw.insertMany(made.map((one) => ({ ...one })));
      return made;
    };
    const comes = (region: 'r1' | 'r2', fleet = 'duels', labels: object = {}) => {
      servers += 1;
      census[region].put({
        metadata: {
          name: `gs-${servers}`,
          uid: 'u',
          resourceVersion: '1',
          labels: { 'agones.dev/fleet': fleet, 'lifeverse.dev/build': 'dev', ...labels },
        },
        status: { state: 'Ready' },
      });
    };
    const uids = (of: readonly AllocationDocument[]) => of.map(({ _id }) => _id);

    it('one server wakes the one that is first, of three hundred', async () => {
      const line = await waiting(300);
      comes('r1');
      await until('somebody was woken', async () => given.length > 0);
      await letPass(200);
      assert.deepEqual(given, uids(line.slice(0, 1)));
    });

    it('ten servers that come one by one give each of the first ten turns, and nobody else', async () => {
      const line = await waiting(300);
      for (let n = 0; n < 10; n += 1) {
        comes('r1');
        await letPass(40);
      }
      await until('ten were woken', async () => new Set(given).size === 10);
      await letPass(200);
      assert.deepEqual(new Set(given), new Set(uids(line.slice(0, 10))));
      // Nobody takes the servers in this test, so that each look finds those before free as well.
      assert.ok(given.length <= 55, `${given.length} turns were given`);
    });

    it('behind five hundred older ones of another region, those who may use the server', async () => {
      await waiting(500, { regions: ['r1'] }, 10_000);
      const [mine] = await waiting(1, { regions: ['r2'] });
      comes('r2');
      await until('it was woken', async () => given.length > 0);
      assert.deepEqual(given, [mine?._id]);
    });

    it('behind five hundred older ones whose players are too far away', async () => {
      const far = { players: [{ id: 'ada', latencies: { r2: 300 } }], latencyPolicy: { steps: [{ maxMs: 50, forSeconds: 600 }] } };
      await waiting(500, far, 10_000);
      const [mine] = await waiting(1);
      comes('r2');
      await until('it was woken', async () => given.length > 0);
      assert.deepEqual(given, [mine?._id]);
    });

    it('the oldest of those who name the fleet and those who choose by selectors', async () => {
      const selecting = { fleet: undefined, selectors: [{ matchLabels: { map: 'arena' } }] };
      const [older] = await waiting(1, selecting, 1_000);
      const [younger] = await waiting(1);
      comes('r1', 'duels', { map: 'arena' });
      await until('one was woken', async () => given.length > 0);
      assert.deepEqual(given, [older?._id]);
      given.length = 0;
      comes('r1', 'duels', { map: 'island' });
      await until('the other was woken', async () => given.includes(younger?._id ?? ''));
    });

    it('whoever is on hold is passed over, and what another process asks for is left to it', async () => {
      const [held, asking, next] = await waiting(3);
      await allocations.documents.change({ _id: held?._id ?? '' }, { $set: { onHoldUntil: new Date(Date.now() + 60_000) } });
      const intent = { cluster: 'c-r1', attempt: 1, worker: 'another', startedAt: new Date() };
      await allocations.documents.change({ _id: asking?._id ?? '' }, { $set: { state: 'placing', intent } });
      comes('r1');
      await letPass(300);
      assert.deepEqual(given, []);
      comes('r1');
      await until('the next was woken', async () => given.length > 0);
      assert.deepEqual(given, [next?._id]);
    });

    it('and a wake-up that was lost is given again, at the price of one look', async () => {
      comes('r1');
      await letPass(100);
      const line = await waiting(1);
      void lines.run(stop.signal);
      await until('it was woken', async () => given.includes(line[0]?._id ?? ''));
    });

    it('and one reading of the lines tells everybody who has to know, whatever has changed meanwhile', async () => {
      await waiting(2);
      await waiting(1, { fleet: 'raids' });
      let readings = 0;
      const line = { standing: () => ((readings += 1), allocations.line.standing()) };
      const read = createStandingLines({ line, everyMs: Number.POSITIVE_INFINITY, log: SILENT_LOG });
      const told: (readonly string[])[] = [];
      for (let listeners = 0; listeners < 3; listeners += 1) read.onRead((standing) => told.push(standing.toSorted()));
      for (let changes = 0; changes < 3; changes += 1) read.readSoon();
      void read.run(stop.signal);
      await until('all are told', async () => told.length === 3);
      assert.deepEqual([readings, ...told], [1, ...Array.from({ length: 3 }, () => ['dev/duels', 'dev/raids'])]);
    });
  });

  describe('for real servers,', () => {
    let world: AllocatorUnderTest;
    before(async () => {
      world = await allocatorUnderTest();
    });
    after(() => world.stop());

    it('are not overtaken, whichever of two processes they and the younger ones are asked at', async () => {
      const fleet = await world.makeFleet(EAST, 0);
      const another = await world.startAnother();
      try {
        const here = await world.matchmaker();
        const there = another.client(await world.token('service:matchmaker', ['matchmaker']));
        for (let round = 1; round <= 25; round += 1) {
          // Its world has to be fenced before a server is asked for: time enough for others to be faster.
          const session = { map: 'arena', world: `w-${randomUUID()}`, capacity: 4, spectators: 0, data: {} };
          const older = anAllocation(fleet, { session });
          await (round % 2 === 0 ? here : there).requestAllocation({ body: older });
          const stateOf = async (id: string) => (await here.getAllocation({ params: { id } })).body.state;
          const younger: string[] = [];
          let isTaken = false;
          const comeOn = async (at: typeof here) => {
            while (!isTaken) {
              const body = anAllocation(fleet);
              younger.push(body.id);
              await at.requestAllocation({ body });
            }
          };
          const coming = Promise.all([comeOn(here), comeOn(there)]);
          await world.scale(EAST, fleet, round);
          await until(`round ${round}: the server is taken`, async () => {
            const servers = await world.servers(EAST, fleet);
            return servers.length === round && servers.every(({ state }) => state === 'Allocated');
          }).finally(() => (isTaken = true));
          await coming;
          await until(`round ${round}: it is bound`, async () => {
            const states = await Promise.all([older.id, ...younger].map(stateOf));
            return states.includes('allocated');
          });
          assert.equal(await stateOf(older.id), 'allocated', `round ${round}: the older one was overtaken`);
          await Promise.all(younger.map((id) => here.cancelAllocation({ params: { id } })));
        }
      } finally {
        await another.stop();
      }
    });

    it('leave alone what another process is asking for', async () => {
      const fleet = await world.makeFleet(EAST, 0);
      const another = await world.startAnother();
      const here = await world.matchmaker();
      const there = another.client(await world.token('service:matchmaker', ['matchmaker']));
      const ROUNDS = 6;
      let needless = 0;
      try {
        await world.standIn.misbehave({ commitLateMs: 250 });
        for (let round = 1; round <= ROUNDS; round += 1) {
          const older = anAllocation(fleet);
          await here.requestAllocation({ body: older });
          await world.scale(EAST, fleet, round);
          const stateOf = async (id: string) => (await here.getAllocation({ params: { id } })).body.state;
          await until('it is being placed', async () => (await stateOf(older.id)) !== 'queued');
          const younger = Array.from({ length: 6 }, () => anAllocation(fleet));
          await Promise.all(younger.map((body, n) => (n % 2 === 0 ? here : there).requestAllocation({ body })));
          await until('the older one has it', async () => (await stateOf(older.id)) === 'allocated');
          for (const { id } of younger) {
            const { decisions } = (await here.traceAllocation({ params: { id } })).body;
            needless += decisions.filter(({ chosen }) => chosen !== undefined).length;
            await here.cancelAllocation({ params: { id } });
          }
        }
      } finally {
        await world.standIn.misbehave({ commitLateMs: 0 });
        await another.stop();
      }
      // One a round may fall between the answer and the watch's news of it.
      assert.ok(needless <= ROUNDS, `${needless} questions in ${ROUNDS} rounds could get nothing`);
    });

    it('get them by their labels, and by nothing else than the build', async () => {
      const fleet = await world.makeFleet(EAST, 1);
      await world.copyFleet(WEST, fleet, 1);
      await world.knows(EAST, fleet, 1);
      await world.knows(WEST, fleet, 1);
      const matchmaker = await world.matchmaker();
      const selectors = [
        { matchLabels: { 'agones.dev/fleet': 'nobody' } },
        { matchExpressions: [{ key: 'agones.dev/fleet', operator: 'In' as const, values: [fleet] }] },
      ];
      const asked = AllocationRequest.parse({ ...anAllocation(fleet), fleet: undefined, selectors, regions: [WEST] });
      await matchmaker.requestAllocation({ body: asked });
      const got = await matchmaker.getAllocation({ params: { id: asked.id }, query: { wait: 5, from: 'queued' } });
      assert.equal(got.body.fleet, undefined);
      await until('it has a server', async () => {
        const { server } = (await matchmaker.getAllocation({ params: { id: asked.id } })).body;
        return server?.cluster === WEST;
      });
      const otherBuild = AllocationRequest.parse({ ...asked, id: randomUUID(), build: 'other', regions: [] });
      await matchmaker.requestAllocation({ body: otherBuild });
      await letPass(500);
      assert.equal((await matchmaker.getAllocation({ params: { id: otherBuild.id } })).body.state, 'queued');
    });
  });
});

describe('A request for servers', () => {
  const sound = { id: 'm', build: 'dev', mode: 'duel', session: { map: 'arena', capacity: 2 }, players: [] };
  const faultOf = (changes: object): string | undefined => {
    const parsed = AllocationRequest.safeParse({ ...sound, ...changes });
    const [issue] = parsed.error?.issues ?? [];
    return issue === undefined ? undefined : `${issue.path.join('.')}: ${issue.message}`;
  };
  const room = { counters: { rooms: { minAvailable: 2 } }, lists: { players: { minAvailable: 1 } } };

  const table: readonly [what: string, changes: object, fault: RegExp | undefined][] = [
    ['names a fleet', { fleet: 'duels' }, undefined],
    ['or selectors', { selectors: [{ matchLabels: { 'game.example/map': 'arena' } }] }, undefined],
    ['not both', { fleet: 'duels', selectors: [{}] }, /^selectors: name a fleet, or selectors/],
    ['not neither', {}, /^fleet: name a fleet, or selectors/],
    ['has five selectors at most', { selectors: [{}, {}, {}, {}, {}, {}] }, /^selectors: /],
    ['has label keys as Kubernetes has them', { selectors: [{ matchLabels: { 'a/b/c': 'x' } }] }, /label key/],
    ['leaves the allocator’s own labels alone', { selectors: [{ matchLabels: { 'lifeverse.dev/uid': 'x' } }] }, /allocator's own/],
    ['gives In its values', { selectors: [{ matchExpressions: [{ key: 'map', operator: 'In' }] }] }, /In and NotIn need values/],
    ['gives Exists none', { selectors: [{ matchExpressions: [{ key: 'map', operator: 'Exists', values: ['a'] }] }] }, /take none/],
    [
      'has ranges that hold something',
      { selectors: [{ counters: { rooms: { minCount: 3, maxCount: 2 } } }] },
      /maxCount is at least minCount/,
    ],
    [
      'may increment a counter that surely has room',
      { selectors: [room], counters: { rooms: { action: 'Increment', amount: 2 } }, lists: { players: { addValues: ['ada'] } } },
      undefined,
    ],
    [
      'may not increment what may be cut off',
      { selectors: [room], counters: { rooms: { action: 'Increment', amount: 3 } } },
      /^counters\.rooms: give every selector counters\.rooms\.minAvailable of at least 3 .*cuts a count off/,
    ],
    [
      'nor where one selector promises nothing',
      { selectors: [room, {}], counters: { rooms: { action: 'Increment', amount: 1 } } },
      /minAvailable/,
    ],
    [
      'nor with a fleet alone',
      { fleet: 'duels', counters: { rooms: { action: 'Increment', amount: 1 } } },
      /use selectors in place of fleet/,
    ],
    [
      'nor add values that may be cut off',
      { selectors: [room], lists: { players: { addValues: ['ada', 'bob'] } } },
      /^lists\.players: .*at least 2/,
    ],
    ['may decrement', { fleet: 'duels', counters: { rooms: { action: 'Decrement', amount: 1 } } }, undefined],
    [
      'does not set a capacity and increment',
      { selectors: [room], counters: { rooms: { action: 'Increment', amount: 1, capacity: 9 } } },
      /not both/,
    ],
  ];
  for (const [what, changes, fault] of table)
    it(what, () => {
      const found = faultOf(changes);
      if (fault === undefined) assert.equal(found, undefined);
      else assert.match(found ?? 'no fault', fault);
    });
});
