import assert from 'node:assert/strict';
import type { JournalEntry } from '../../contracts/saves.ts';
import { startPod, type Pod } from './stand-in/bridge-process.ts';
import { until } from './stand-in/until.ts';

/** What a session has come to, in the order in which it comes to it. */
const STATES = ['idle', 'warm', 'claimed', 'held', 'admitted', 'present', 'away', 'left'] as const;
type State = (typeof STATES)[number];

/** One session that is taken from state to state; every step is said again until it is answered, as the game server does. */
class Played {
  readonly pod: Pod;
  seq = 0;
  share = 0;
  readonly tickets: { ann: string; bob: string };

  constructor(pod: Pod, tickets: { ann: string; bob: string }) {
    this.pod = pod;
    this.tickets = tickets;
  }

  static async start(): Promise<Played> {
    const pod = await startPod({ world: 'w1' });
    return new Played(pod, { ann: await pod.backend.ticket('ann'), bob: await pod.backend.ticket('bob') });
  }

  async enter(state: State): Promise<void> {
    const { api } = this.pod;
    const ann = { params: { player: 'ann' } };
    const steps: Record<State, () => Promise<unknown>> = {
      idle: async () => undefined,
      warm: async () => {
        await this.insist(() => api.hello({ body: { build: 'b1', plugin: 'test' } }));
        await this.insist(() => api.warm({}));
      },
      claimed: async () => {
        await until(() => this.pod.sidecar.state() === 'Ready', 'Agones knows Ready');
        this.pod.allocate();
        await until(async () => (await this.insist(() => api.session({}))).body.phase === 'claimed', 'it is claimed');
      },
      held: () => this.insist(() => api.accept({ body: { port: 7777, build: 'b1' } })),
      admitted: async () => {
        const verdict = (await this.insist(() => api.admit({ body: { ticket: this.tickets.ann } }))).body;
        assert.equal(verdict.admitted, true);
        await this.insist(() => api.inventory(ann));
        await this.pickUp();
      },
      present: async () => {
        await this.insist(() => api.present(ann));
        await this.pickUp();
      },
      away: async () => {
        await this.insist(() => api.leave({ ...ann, body: {} }));
        await this.pickUp();
      },
      left: () => this.insist(() => api.leave({ ...ann, body: { forGood: true } })),
    };
    await steps[state]();
  }

  /** An entry that touches the world and the inventory, sent twice as after an answer that was lost. */
  async pickUp(): Promise<void> {
    const data = { n: this.seq + 1 };
    const entry: JournalEntry = { seq: this.seq + 1, data, inventories: [{ playerId: 'ann', seq: this.share + 1, data }] };
    for (let sent = 0; sent < 2; sent += 1) await this.insist(() => this.pod.api.appendWorld({ body: { entries: [entry] } }));
    this.seq += 1;
    this.share += 1;
  }

  async insist<T>(call: () => Promise<T>): Promise<T> {
    let done: { answer: T } | undefined;
    await until(async () => {
      done = await call().then(
        (answer) => ({ answer }),
        () => undefined,
      );
      return done !== undefined;
    }, 'the bridge answers');
    return (done as { answer: T }).answer;
  }

  /** Nothing is lost, nothing is there twice, and nobody has a seat that they should not have. */
  async check(state: State): Promise<void> {
    const session = (await this.insist(() => this.pod.api.session({}))).body;
    assert.equal(session.phase, { idle: 'idle', warm: 'idle', claimed: 'claimed' }[state as string] ?? 'joinable');
    const seats = (await this.insist(() => this.pod.api.roster({}))).body.seats.map((seat) => [seat.playerId, seat.state]);
    const annIs = state === 'claimed' ? 'held' : state;
    assert.deepEqual(
      seats,
      session.phase === 'idle'
        ? []
        : [
            ['ann', annIs],
            ['bob', 'held'],
          ],
    );
    if (state === 'left') {
      const verdict = (await this.insist(() => this.pod.api.admit({ body: { ticket: this.tickets.ann } }))).body;
      assert.equal(!verdict.admitted && verdict.refusal, 'used');
    }
  }

  async checkStored(): Promise<void> {
    const { backend } = this.pod;
    await until(() => backend.stored.length >= this.seq, 'all is stored');
    const numbers = Array.from({ length: this.seq }, (_, at) => at + 1);
    assert.deepEqual(
      backend.stored.map(({ seq }) => seq),
      numbers,
    );
    assert.deepEqual(
      (backend.inventories.get('ann')?.entries ?? []).map(({ data }) => data['n']),
      numbers,
    );
  }
}

describe('a session of which a part is killed', function () {
  this.timeout(300_000);
  let played: Played | undefined;
  afterEach(async () => {
    await played?.pod.close();
    played = undefined;
  });

  it('loses nothing when the bridge is killed in each state, and at each step into the next one', async () => {
    played = await Played.start();
    const { pod } = played;
    for (const state of STATES) {
      await played.enter(state);
      await pod.crash();
      await played.check(state);
    }
    // While steps are under way.
    const steps = (async () => {
      for (let count = 0; count < 10; count += 1) await played.pickUp();
    })();
    await pod.crash();
    await steps;
    await played.checkStored();
    await played.insist(() => pod.api.end({ body: { reason: 'played' } }));
    assert.deepEqual(
      pod.backend.told.filter((line) => !line.startsWith('claim')),
      ['accept 7777', 'end played'],
    );
    assert.equal(pod.sidecar.state(), 'Shutdown');
  });

  it('loses nothing when the backend is away in each state, also when the bridge is killed meanwhile', async () => {
    played = await Played.start();
    const { pod } = played;
    for (const state of STATES) {
      // It comes back when the step has had to wait for it; most steps need not.
      pod.backend.allocatorAway = true;
      pod.backend.savesAway = true;
      const back = setTimeout(() => {
        pod.backend.allocatorAway = false;
        pod.backend.savesAway = false;
      }, 400);
      await played.enter(state);
      if (state === 'present') await pod.crash();
      await played.check(state);
      clearTimeout(back);
    }
    pod.backend.allocatorAway = false;
    pod.backend.savesAway = false;
    await played.checkStored();
    await played.insist(() => pod.api.end({ body: { reason: 'played' } }));
    assert.deepEqual(
      pod.backend.told.filter((line) => !line.startsWith('claim')),
      ['accept 7777', 'end played'],
    );
  });

  it('is given up, with its saves flushed and its players away, when Agones finds that the game server died, before its bridge does', async () => {
    played = await Played.start();
    const { pod } = played;
    for (const next of STATES.slice(0, STATES.indexOf('present') + 1)) await played.enter(next);
    pod.backend.savesAway = true;
    await played.pickUp();
    pod.sidecar.become('Unhealthy');
    await until(async () => (await pod.api.session({})).body.phase === 'ended', 'the bridge has seen it');
    const { notices } = (await pod.api.notices({ query: {} })).body;
    assert.deepEqual(notices, [{ kind: 'drain', reason: 'the game server is Unhealthy' }]);
    const connected = (await pod.api.roster({})).body.seats.filter((seat) => ['admitted', 'present'].includes(seat.state));
    assert.deepEqual(connected, []);
    pod.backend.savesAway = false;
    assert.equal(await pod.kill('SIGTERM'), 0);
    await played.checkStored();
    const ends = pod.backend.told.filter((line) => /^(end|fail)/.test(line)).map((line) => line.split(' ')[0]);
    assert.deepEqual(ends, ['fail']);
  });
});
