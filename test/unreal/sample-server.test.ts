import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { BridgeSession } from '../../contracts/bridge.ts';
import { GameConnection } from '../../local/demo/udp-client.ts';
import { missingMoves } from '../../local/demo/game-messages.ts';
import { ContractBridge, DurableWorld } from './contract-bridge.ts';
import { LossyRelay } from './lossy-relay.ts';
import { buildSampleServer, SampleServerProcess } from './sample-server-process.ts';

type SessionOf = NonNullable<BridgeSession['session']>;

/** Patience for what takes as long as the machine is busy. */
const WAIT_MS = 90_000;
/** For who is never let in. */
const REFUSED_MS = 4_000;

describe('sample server', function () {
  this.timeout(300_000);
  const opened: { kill(): Promise<void> }[] = [];
  const bridges: ContractBridge[] = [];
  const connections: GameConnection[] = [];

  before(async function () {
    this.timeout(600_000);
    await buildSampleServer();
  });

  afterEach(async () => {
    for (const connection of connections.splice(0)) connection.close();
    for (const server of opened.splice(0)) await server.kill();
    for (const bridge of bridges.splice(0)) await bridge.close();
  });

  async function bridgeFor(world?: DurableWorld): Promise<ContractBridge> {
    const bridge = new ContractBridge(world);
    await bridge.start();
    bridges.push(bridge);
    return bridge;
  }

  async function serverFor(bridge: ContractBridge, args: readonly string[] = []): Promise<SampleServerProcess> {
    const server = await SampleServerProcess.start(bridge.port, args);
    opened.push(server);
    return server;
  }

  function seat(bridge: ContractBridge, playerId: string): { playerId: string; joinTicket: string; packetKey: string } {
    const packetKey = randomBytes(32).toString('base64url');
    bridge.keys.set(playerId, packetKey);
    bridge.tickets.set(`ticket of ${playerId}`, playerId);
    return { playerId, joinTicket: `ticket of ${playerId}`, packetKey };
  }

  function session(more: { world?: string; data?: Record<string, unknown> } = {}): SessionOf {
    return {
      allocationId: 'match-1',
      uid: '0'.repeat(32),
      attempt: 1,
      mode: 'duel',
      build: 'test',
      session: { map: 'meadow', data: {}, capacity: 8, spectators: 0, ...more },
      seats: [],
    };
  }

  async function until(bridge: ContractBridge, what: string, met: () => boolean): Promise<void> {
    await bridge.until(met, AbortSignal.timeout(WAIT_MS));
    assert.ok(met(), `${what} did not happen`);
  }

  const joinable = (bridge: ContractBridge) => until(bridge, 'the session becoming joinable', () => bridge.state.phase === 'joinable');

  type Differences = { joinTicket?: string; packetKey?: string; port?: number; timeoutMs?: number };

  async function join(
    bridge: ContractBridge,
    playerId: string,
    { port = bridge.acceptedPort, timeoutMs = WAIT_MS, ...more }: Differences = {},
  ): Promise<GameConnection> {
    const admission = { ...seat(bridge, playerId), ...more };
    const connection = await GameConnection.connect({
      address: { host: '127.0.0.1', port },
      playerId,
      admission,
      timeoutMs,
    });
    connections.push(connection);
    return connection;
  }

  async function playedWorld(world?: DurableWorld, data: Record<string, unknown> = {}) {
    const bridge = await bridgeFor(world);
    const server = await serverFor(bridge);
    bridge.claim(session({ world: 'world-1', data }));
    await joinable(bridge);
    return { bridge, server };
  }

  it('says hello, then warm, and only then takes a session', async () => {
    const bridge = await bridgeFor();
    await serverFor(bridge);
    bridge.claim(session());
    await joinable(bridge);
    assert.deepEqual(bridge.calls.slice(0, 3), ['hello', 'warm', 'accept']);
    assert.ok(bridge.acceptedPort > 0);
  });

  it('binds the port it is told', async () => {
    const bridge = await bridgeFor();
    const probe = createSocket('udp4').bind(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address();
    probe.close();
    await once(probe, 'close');
    await serverFor(bridge, ['--port', String(port)]);
    bridge.claim(session());
    await joinable(bridge);
    assert.equal(bridge.acceptedPort, port);
  });

  it('lets a player in, tells them of each move when it is accepted and again when it is durable', async () => {
    const { bridge } = await playedWorld();
    bridge.storing = false;
    const game = await join(bridge, 'ada');
    await until(bridge, 'the seat being present', () => bridge.seats.get('ada')?.state === 'present');
    assert.deepEqual(await game.move(1, 2, { until: 'accepted' }), { t: 'ack', n: 1, durable: false, seq: 1 });
    const durable = game.move(3, 4);
    await until(bridge, 'the second entry being accepted', () => bridge.spool.length === 2);
    assert.deepEqual([...game.durableMoves], []);
    bridge.store();
    assert.deepEqual(await durable, { t: 'ack', n: 2, durable: true, seq: 2 });
    assert.deepEqual(bridge.world.entries[1]?.data, { kind: 'move', player: 'ada', n: 2, x: 3, y: 4 });
  });

  it('lets a player wait who comes before the answer to the accept', async () => {
    const bridge = await bridgeFor();
    await serverFor(bridge);
    bridge.acceptAnswersLateMs = 700;
    bridge.claim(session());
    await joinable(bridge);
    assert.equal((await join(bridge, 'ada')).joined.player, 'ada');
  });

  it('plays without a world, where one ack is all there is', async () => {
    const bridge = await bridgeFor();
    await serverFor(bridge);
    bridge.claim(session());
    await joinable(bridge);
    const game = await join(bridge, 'ada');
    assert.equal(game.joined.world, null);
    assert.deepEqual(await game.move(1, 2), { t: 'ack', n: 1, durable: false });
    await assert.rejects(game.move(1, 2, { until: 'durable' }), { code: 'no_world' });
  });

  it('refuses a ticket that the bridge refuses, a player without a seat, and one with a wrong packet key', async () => {
    const { bridge } = await playedWorld();
    await assert.rejects(join(bridge, 'eve', { joinTicket: 'forged' }), { kind: 'forbidden', code: 'join_signature' });
    await assert.rejects(join(bridge, 'mallory', { packetKey: randomBytes(32).toString('base64url'), timeoutMs: REFUSED_MS }), {
      code: 'join_timeout',
    });
    seat(bridge, 'ada');
    await assert.rejects(join(bridge, 'bob', { joinTicket: 'ticket of ada' }), { code: 'join_other_player' });
    await until(bridge, 'the seat being given back', () => bridge.seats.get('ada')?.state === 'away');
    const admission = { joinTicket: 'ticket of ada', packetKey: 'AAAA' };
    const address = { host: '127.0.0.1', port: bridge.acceptedPort };
    await assert.rejects(GameConnection.connect({ address, playerId: 'nobody', admission }), { code: 'join_no_seat' });
  });

  it('restores every durable entry from snapshot and tail after kill -9, and shows each player which moves those are', async () => {
    const world = new DurableWorld();
    const first = await playedWorld(world);
    const game = await join(first.bridge, 'ada');
    await Promise.all(Array.from({ length: 40 }, (_, i) => game.move(i, i)));
    await first.server.kill();
    assert.match((await game.closed).reason, /silent|unreachable/);

    const second = await playedWorld(world, { emptySeconds: 0.1 });
    const again = await join(second.bridge, 'ada');
    assert.deepEqual(again.joined.you, { x: 39, y: 39, count: 40, lastN: 40, moves: [[1, 40]] });
    assert.deepEqual(missingMoves(again.joined.you.moves, game.durableMoves), []);
    assert.equal((await again.move(7, 7)).n, 41);

    // The end leaves a snapshot of all of it.
    await again.leave();
    const { code } = await second.server.outcome;
    assert.equal(code, 0);
    assert.equal(world.snapshot?.seq, 41);
    const third = await playedWorld(world);
    assert.deepEqual((await join(third.bridge, 'ada')).joined.you.moves, [[1, 41]]);
  });

  it('shows the hole where a durable entry was lost in the middle', async () => {
    const world = new DurableWorld();
    const move = (seq: number, n: number) => ({ seq, data: { kind: 'move', player: 'ada', n, x: n, y: n } });
    world.entries.push(move(1, 1), move(2, 2), move(3, 4));
    const { bridge } = await playedWorld(world);
    const game = await join(bridge, 'ada');
    assert.deepEqual(missingMoves(game.joined.you.moves, [1, 2, 3, 4]), [3]);
    assert.equal(game.joined.you.count, 3);
  });

  it('goes on where it was when the bridge comes back, and loses no move', async () => {
    const { bridge } = await playedWorld();
    const game = await join(bridge, 'ada');
    await game.move(1, 1);
    const { port } = bridge;
    await bridge.stop();
    const moved = Promise.all([game.move(2, 2), game.move(3, 3)]);
    await bridge.start(port);
    assert.deepEqual(
      (await moved).map((ack) => ack.n),
      [2, 3],
    );
    assert.equal(bridge.world.durableSeq, 3);
  });

  it('takes no more moves once the lease is lost, and ends', async () => {
    const { bridge, server } = await playedWorld();
    const game = await join(bridge, 'ada');
    await game.move(1, 1);
    bridge.loseLease();
    const since = bridge.frames.length;
    await until(bridge, 'the lost lease being heard', () => bridge.frames.length > since + 1);
    await assert.rejects(game.move(2, 2), { code: 'move_read_only' });
    bridge.state = { ...bridge.state, phase: 'ended', reason: 'the world lease is lost' };
    bridge.changed();
    assert.equal((await server.outcome).code, 0);
    assert.deepEqual(await game.closed, { reason: 'bye', detail: 'the world lease is lost' });
    assert.equal(bridge.world.durableSeq, 1);
  });

  it('ends when all have left, and when its time is up', async () => {
    const left = await playedWorld(undefined, { emptySeconds: 0.2 });
    const game = await join(left.bridge, 'ada');
    await game.leave();
    await until(left.bridge, 'the seat being left', () => left.bridge.seats.get('ada')?.state === 'left');
    assert.equal((await left.server.outcome).code, 0);
    assert.equal(left.bridge.endReason, 'everybody has left');

    const over = await playedWorld(undefined, { durationSeconds: 4 });
    const late = await join(over.bridge, 'ada');
    assert.equal((await over.server.outcome).code, 0);
    assert.equal((await late.closed).detail, 'the time is up');
  });

  it('calls a player away who falls silent, and gives the seat to the same player from elsewhere', async () => {
    const bridge = await bridgeFor();
    await serverFor(bridge, ['--silence-seconds=4']);
    bridge.claim(session({ world: 'world-1' }));
    await joinable(bridge);
    const first = await join(bridge, 'ada');
    const packetKey = bridge.keys.get('ada') ?? '';
    const second = await GameConnection.connect({
      address: { host: '127.0.0.1', port: bridge.acceptedPort },
      playerId: 'ada',
      admission: { joinTicket: 'ticket of ada', packetKey },
    });
    assert.deepEqual(await first.closed, { reason: 'bye', detail: 'joined from elsewhere' });
    second.close();
    await until(bridge, 'the silent player being away', () => bridge.seats.get('ada')?.state === 'away');
    // The connection that was replaced is told of no more: the seat went on.
    assert.equal(bridge.calls.filter((call) => call === 'leave').length, 1);
  });

  it('sends away a player whom the bridge tells to go, and tells everyone when it is taken away', async () => {
    const { bridge, server } = await playedWorld();
    const ada = await join(bridge, 'ada');
    const bob = await join(bridge, 'bob');
    await ada.move(1, 1);
    bridge.say({ kind: 'kick', playerId: 'ada', reason: 'rude', at: '2026-01-01T00:00:00Z' });
    assert.deepEqual(await ada.closed, { reason: 'bye', detail: 'kicked: rude' });
    await until(bridge, 'the seat being left', () => bridge.seats.get('ada')?.state === 'left');
    // At once, since no time is left: what was said is saved, and the session goes on elsewhere.
    bridge.say({ kind: 'drain', reason: 'node upgrade', endsAt: new Date().toISOString() });
    assert.equal((await server.outcome).code, 0);
    assert.deepEqual(await bob.closed, { reason: 'bye', detail: 'node upgrade' });
    assert.equal(bridge.world.snapshot?.seq, 1);
    assert.equal(bridge.endReason, undefined);
  });

  it('reports its frames about once a second, hitches included', async () => {
    const { bridge } = await playedWorld(undefined, { script: [{ at: 0.1, do: 'hitch', ms: 600 }] });
    // Thirty frames a second: a report that was held up may tell of more.
    await until(bridge, 'three reports of a second', () => bridge.frames.filter(({ frames }) => frames <= 40).length >= 3);
    assert.ok(bridge.frames.some((report) => report.longestMs >= 600 && (report.hitches ?? 0) >= 1 && (report.p99Ms ?? 0) >= 600));
  });

  it('hangs, crashes and ends by script', async () => {
    const crash = await playedWorld(undefined, { script: [{ at: 0, do: 'crash' }] });
    assert.equal((await crash.server.outcome).signal, 'SIGABRT');
    const end = await playedWorld(undefined, { script: [{ at: 0, do: 'end' }] });
    assert.equal((await end.server.outcome).code, 0);
    const restored = new DurableWorld();
    restored.entries.push({ seq: 1, data: { kind: 'other' } });
    const resumed = await playedWorld(restored, { script: [{ at: 0, do: 'crash', unlessRestored: true }] });
    assert.equal((await (await join(resumed.bridge, 'ada')).move(1, 1)).durable, true);
    const hang = await playedWorld(undefined, { script: [{ at: 0, do: 'hang' }] });
    await assert.rejects(join(hang.bridge, 'ada', { timeoutMs: REFUSED_MS }), { code: 'join_timeout' });
  });

  it('has each move once in the world over a network that loses, doubles, delays and damages datagrams', async () => {
    const { bridge } = await playedWorld();
    const relay = new LossyRelay(7);
    opened.push({ kill: () => Promise.resolve(relay.close()) });
    const game = await join(bridge, 'ada', { port: await relay.open(bridge.acceptedPort) });
    await Promise.all(Array.from({ length: 40 }, (_, i) => game.move(i, -i)));
    const numbers = bridge.world.entries.map((entry) => Number(entry.data['n']));
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      Array.from({ length: 40 }, (_, i) => i + 1),
    );

    // What was recorded, and what is no datagram of ours at all, changes nothing.
    for (const datagram of relay.recorded) relay.toServer(datagram);
    for (let length = 0; length < 200; length++) relay.toServer(Buffer.concat([Buffer.from([length % 5]), randomBytes(length)]));
    await game.move(1, 1);
    assert.equal(bridge.world.durableSeq, 41);
    assert.equal(bridge.calls.filter((call) => call === 'admit').length, 1);
  });

  it('stops on SIGTERM: at once while idle, after its saves while playing', async () => {
    const idle = await bridgeFor();
    const waiting = await serverFor(idle);
    await until(idle, 'the idle server reporting frames', () => idle.frames.length > 0);
    waiting.child.kill('SIGTERM');
    assert.equal((await waiting.outcome).code, 0);

    const { bridge, server } = await playedWorld();
    const game = await join(bridge, 'ada');
    await game.move(1, 1, { until: 'accepted' });
    server.child.kill('SIGTERM');
    assert.equal((await server.outcome).code, 0);
    assert.equal(bridge.world.snapshot?.seq, 1);
    // The session is not over: the bridge has it go on elsewhere.
    assert.equal(bridge.endReason, undefined);
  });
});
