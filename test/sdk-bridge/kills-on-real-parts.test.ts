import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Allocation } from '../../contracts/allocator.ts';
import { testStack } from '../../local/testing.ts';
import { allocatorUnderTest, anAllocation, EAST, type AllocatorUnderTest } from '../allocator/allocator-under-test.ts';
import { startPod, type Pod } from './stand-in/bridge-process.ts';
import { startGameProcess, type GameProcess } from './stand-in/game-process.ts';
import { until } from './stand-in/until.ts';

/** Patience for what takes as long as the machine is busy. */
const WAIT_MS = 90_000;
const KILLED = 'the process of the game server was ended by SIGKILL';

/** In the order in which a session comes to them. */
const STATES = ['started', 'warm', 'claimed', 'held', 'admitted', 'present', 'away', 'ending'] as const;
type State = (typeof STATES)[number];

/**
 * Allocator, saves and bridge are the processes that production runs, and the game server is one that speaks to its bridge by itself. Each
 * session is taken to another state; then all are killed at once.
 */
describe('Sessions in every state', function () {
  this.timeout(900_000);
  let world: AllocatorUnderTest;
  let fleet: string;
  const sessions = new Map<State, Session>();

  before(async () => {
    // The first session is not accepted before the last one has started.
    world = await allocatorUnderTest({ env: { ACCEPT_SECONDS: '600' } });
    fleet = await world.makeFleet(EAST, STATES.length);
    await world.knows(EAST, fleet, STATES.length);
    // One after the other: each of them waits for a process to start, and all at once wait for the same cores.
    for (const state of STATES) sessions.set(state, await Session.start(world, fleet));
  });
  after(async () => {
    await Promise.all([...sessions.values()].map((session) => session.close()));
    await world?.stop();
  });
  const each = (act: (session: Session, state: State) => Promise<void>) =>
    Promise.all([...sessions].map(([state, session]) => act(session, state)));

  it('lose nothing when allocator and saves are killed, and take their next step meanwhile', async () => {
    await each((session, state) => session.goTo(STATES[STATES.indexOf(state) - 1]));
    let steps: Promise<unknown> = Promise.resolve();
    await world.killAllocator(() =>
      world.killSaves(async () => {
        steps = each((session, state) => session.goTo(state));
        // Its bridge has accepted all and can tell nobody: then its game server dies, too.
        const { pod, game } = sessionOf('ending');
        await until(() => pod.log().includes('"message":"the session ends"'), 'the end is under way', WAIT_MS);
        await game.kill();
        // Enough for whoever does not need the backend: nobody waits for it at the door.
        await until(() => sessionOf('present').state === 'present' && sessionOf('away').state === 'away', 'the game goes on', WAIT_MS);
      }),
    );
    await steps;
    await each(async (session, state) => assert.equal(session.state, state));
    await each((session) => session.isStored());
    const { state, reason } = await sessionOf('ending').allocation('ended');
    assert.deepEqual([state, reason], ['ended', 'played']);
    assert.deepEqual(await sessionOf('ending').crashes(), []);
  });

  it('are given up, with all that they saved, when their game server is killed', async () => {
    await each(({ game }) => game.kill());

    // Nobody is told of one that had no session, and nobody vouches for it.
    const { pod } = sessionOf('started');
    assert.equal((await pod.api.session({})).body.phase, 'idle');
    assert.deepEqual([pod.sidecar.beats, pod.sidecar.calls], [[], []]);

    // Whoever is given a session after all has it placed anew.
    await sessionOf('warm').allocate();
    for (const state of ['warm', 'claimed'] as const) {
      const session = sessionOf(state);
      await until(async () => (await session.crashes()).length > 0, `${state}: the allocator knows how it died`, WAIT_MS);
      assert.deepEqual(await session.crashes(), [[1, 'SIGKILL']]);
      const { attempt, state: found } = await session.allocation();
      assert.ok(attempt > 1 || found === 'queued', `${state}: attempt ${attempt} is ${found}`);
    }
    for (const state of ['held', 'admitted', 'present', 'away'] as const) {
      const session = sessionOf(state);
      assert.equal((await session.allocation('lost')).reason, KILLED, state);
      assert.deepEqual(await session.crashes(), [[1, 'SIGKILL']]);
      const seats = (await session.pod.api.roster({})).body.seats.map((seat) => seat.state);
      assert.deepEqual(seats, [state === 'held' ? 'held' : 'away'], state);
      await until(() => session.pod.sidecar.calls.includes('Shutdown'), `${state}: Agones is asked for its Shutdown`, WAIT_MS);
    }
    await each((session) => session.isStored());
    assert.equal((await sessionOf('ending').allocation()).state, 'ended');
  });

  function sessionOf(state: State): Session {
    const session = sessions.get(state);
    assert.ok(session);
    return session;
  }
});

/** One player, one world. */
class Session {
  readonly #world: AllocatorUnderTest;
  readonly #id: string;
  readonly #server: NonNullable<Allocation['server']>;
  readonly #names: { readonly world: string; readonly player: string };
  readonly pod: Pod;
  readonly game: GameProcess;
  state: State = 'started';
  #ticket = '';
  /** Of the world and of the inventory. */
  #entries = 0;

  private constructor(
    world: AllocatorUnderTest,
    given: { id: string; server: NonNullable<Allocation['server']>; names: { world: string; player: string } },
    pod: Pod,
    game: GameProcess,
  ) {
    this.#world = world;
    this.#id = given.id;
    this.#server = given.server;
    this.#names = given.names;
    this.pod = pod;
    this.game = game;
  }

  /** Allocated, and its game server has been started; but nobody in the pod has heard of it yet. */
  static async start(world: AllocatorUnderTest, fleet: string): Promise<Session> {
    const names = { world: `island-${randomUUID().slice(0, 8)}`, player: `ann-${randomUUID().slice(0, 8)}` };
    const body = anAllocation(fleet, {
      session: { map: 'island', world: names.world, capacity: 4, spectators: 0, data: {} },
      players: [{ id: names.player, role: 'player', latencies: {} }],
      deadlineSeconds: 600,
    });
    const matchmaker = await world.matchmaker();
    await matchmaker.requestAllocation({ body });
    const look = async () => (await matchmaker.getAllocation({ params: { id: body.id } })).body;
    await until(async () => (await look()).state === 'allocated', 'it is allocated', WAIT_MS);
    const { server } = await look();
    assert.ok(server);
    const crashes = join((await testStack()).folder, `crashes-${randomUUID()}`);
    const pod = await startPod({
      env: {
        ...(await world.bridgeEnv(server)),
        GAME_CRASH_DIR: crashes,
        // Eight of them beside each other.
        HEALTH_BEAT_MS: '1000',
        LOG_LEVEL: 'info',
        FLUSH_MS: String(WAIT_MS),
      },
    });
    try {
      return new Session(world, { id: body.id, server, names }, pod, await startGameProcess(pod.url(), crashes));
    } catch (cause) {
      await pod.close();
      throw cause;
    }
  }

  async close(): Promise<void> {
    await this.game.kill();
    await this.pod.close();
  }

  async goTo(state: State | undefined): Promise<void> {
    const last = state === undefined ? 0 : STATES.indexOf(state);
    for (const next of STATES.slice(STATES.indexOf(this.state) + 1, last + 1)) {
      await this.#enter(next);
      this.state = next;
    }
  }

  async #enter(state: State): Promise<void> {
    const { api, pid, port } = this.game;
    const params = { player: this.#names.player };
    const steps: Record<State, () => Promise<unknown>> = {
      started: async () => {},
      warm: async () => {
        await insist(() => api.hello({ body: { build: 'dev', plugin: 'plain', pid, refusals: true } }));
        await insist(() => api.warm({}));
        await until(() => this.pod.sidecar.state() === 'Ready', 'it is Ready', WAIT_MS);
      },
      claimed: async () => {
        await this.allocate();
        await until(async () => (await insist(() => api.session({}))).body.phase === 'claimed', 'it is claimed', WAIT_MS);
      },
      held: async () => {
        await insist(() => api.accept({ body: { port, build: 'dev' } }));
        const asked = { params: { id: this.#id }, body: { playerId: this.#names.player } };
        this.#ticket = (await insist(async () => (await this.#world.matchmaker()).issueTicket(asked))).body.joinTicket;
      },
      admitted: async () => {
        const verdict = (await insist(() => api.admit({ body: { ticket: this.#ticket } }))).body;
        assert.equal(verdict.admitted, true);
        await insist(() => api.inventory({ params }));
        await this.#pickUp();
      },
      present: async () => {
        await insist(() => api.present({ params }));
        await this.#pickUp();
      },
      away: async () => {
        await insist(() => api.leave({ params, body: {} }));
        await this.#pickUp();
      },
      ending: async () => {
        await this.#pickUp();
        // Nobody hears the answer.
        api.end({ body: { reason: 'played' } }).catch(() => {});
      },
    };
    await steps[state]();
  }

  /** An entry that touches the world and the inventory, sent twice as after an answer that was lost. */
  async #pickUp(): Promise<void> {
    const seq = this.#entries + 1;
    const entry = { seq, data: { n: seq }, inventories: [{ playerId: this.#names.player, seq, data: { from: seq } }] };
    for (let sent = 0; sent < 2; sent += 1) await insist(() => this.game.api.appendWorld({ body: { entries: [entry] } }));
    this.#entries = seq;
  }

  /** Agones' sidecar tells what the allocator has written on the game server. */
  async allocate(): Promise<void> {
    const { labels, annotations } = await this.#world.marksOn(this.#server);
    this.pod.sidecar.annotate(annotations);
    this.pod.sidecar.allocate(labels);
  }

  async allocation(state?: Allocation['state']): Promise<Allocation> {
    const look = async () => (await (await this.#world.matchmaker()).getAllocation({ params: { id: this.#id } })).body;
    if (state !== undefined) await until(async () => (await look()).state === state, `the allocation is ${state}`, WAIT_MS);
    return look();
  }

  async crashes(): Promise<(number | string | undefined)[][]> {
    const { crashes } = (await (await this.#world.matchmaker()).traceAllocation({ params: { id: this.#id } })).body;
    return crashes.map(({ attempt, signal }) => [attempt, signal]);
  }

  /** Saves has every entry that was accepted, in both journals, each once. */
  async isStored(): Promise<void> {
    const { world, player } = this.#names;
    const numbers = Array.from({ length: this.#entries }, (_, at) => at + 1);
    const stored = async (kind: 'worlds' | 'players', id: string) =>
      (await (await this.#world.saves()).restore({ params: { kind, id } })).body.entries.map(({ data }) => data['n'] ?? data['from']);
    const count = async () => (await stored('players', player)).length;
    await until(async () => (await count()) >= this.#entries, 'all is stored', WAIT_MS);
    assert.deepEqual([await stored('worlds', world), await stored('players', player)], [numbers, numbers]);
  }
}

/** As a game server does: again, until it is answered. */
async function insist<T>(call: () => Promise<T>): Promise<T> {
  for (const end = Date.now() + WAIT_MS; ;) {
    try {
      return await call();
    } catch (cause) {
      if (Date.now() > end) throw cause;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
