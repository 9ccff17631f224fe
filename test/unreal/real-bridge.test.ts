import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { generateKeyPair } from 'jose';
import { missingMoves } from '../../local/demo/game-messages.ts';
import { GameConnection } from '../../local/demo/udp-client.ts';
import { startPod, type Pod } from '../sdk-bridge/stand-in/bridge-process.ts';
import { until } from '../sdk-bridge/stand-in/until.ts';
import { buildSampleServer, outcomeOf, SampleServerProcess } from './sample-server-process.ts';
import { buildTestBinaries, type TestBinary } from './test-binaries.ts';

describe('the core on the real bridge', function () {
  this.timeout(300_000);
  let binary: (name: TestBinary) => string;
  before(async function () {
    this.timeout(1_200_000);
    binary = await buildTestBinaries();
  });

  it('lives as an engine runs it: maps, tickets, keys, both acks, travel, a kick and a drain', async () => {
    const pod = await startPod({ world: 'world-1' });
    try {
      const packetKey = randomBytes(32).toString('base64url');
      pod.backend.players = ['ann', 'bob'].map((id) => ({ id, role: 'player' as const, packetKey }));
      const stranger = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
      const child = spawn(binary('live-tests'), ['--gtest_brief=1'], {
        env: {
          LIVE_BRIDGE_PORT: new URL(pod.url()).port,
          LIVE_KEY_ANN: packetKey,
          LIVE_TICKET_ANN: await pod.backend.ticket('ann'),
          LIVE_TICKET_BOB: await pod.backend.ticket('bob'),
          LIVE_TICKET_FORGED: await pod.backend.ticket('ann', {}, stranger.privateKey),
          LIVE_TICKET_EXPIRED: await pod.backend.ticket('ann', { exp: 1 }),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const outcome = outcomeOf(child);
      await until(() => pod.sidecar.calls.includes('RequestReady') || child.exitCode !== null, 'Ready is earned by the first map');
      pod.allocate();
      const { code, output } = await outcome;
      assert.equal(code, 0, output);
      assert.match(output, /PASSED {2}\] 1 test/);
      assert.ok(pod.backend.told.includes('accept 7777'));
      assert.deepEqual(
        pod.backend.stored.map(({ data }) => data['n']),
        [1, 2, 3, 4],
      );
      assert.deepEqual(pod.backend.snapshot, { seq: 4, data: 'all of it' });
      const itemsOf = (player: string) => pod.backend.inventories.get(player)?.entries.map(({ seq, data }) => [seq, data['item']]);
      const isStored = (player: string, seq: number) => pod.backend.inventories.get(player)?.snapshot?.seq === seq;
      assert.deepEqual(itemsOf('ann'), [
        [1, 'sword'],
        [2, 'gold'],
        [3, 'shield'],
        [4, 'cheese'],
      ]);
      assert.deepEqual(itemsOf('bob'), [[1, 'thanks']]);
      assert.ok(isStored('ann', 4) && isStored('bob', 1));
      // The session goes on elsewhere: the server went, the session did not end.
      assert.ok(!pod.backend.told.some((line) => line.startsWith('end ')));
    } finally {
      await pod.close();
    }
  });
});

describe('sample server behind the real bridge', function () {
  this.timeout(300_000);

  const opened: (() => Promise<void>)[] = [];
  const keys = new Map(['ann', 'bob'].map((id) => [id, randomBytes(32).toString('base64url')]));

  before(async function () {
    this.timeout(600_000);
    await buildSampleServer();
  });

  afterEach(async () => {
    for (const close of opened.splice(0).toReversed()) await close();
  });

  async function playedPod(): Promise<{ pod: Pod; server: SampleServerProcess; port: () => number }> {
    const pod = await startPod({ world: 'world-1', env: { LEASE_LOST_MS: '500' } });
    opened.push(() => pod.close());
    pod.backend.players = [...keys].map(([id, packetKey]) => ({ id, role: 'player' as const, packetKey }));
    const server = await SampleServerProcess.start(Number(new URL(pod.url()).port), ['--build=b1', '--empty-seconds=0.2']);
    opened.push(() => server.kill());
    await until(() => pod.sidecar.calls.includes('RequestReady'), 'Ready is earned by warm');
    pod.allocate();
    const accepted = () => pod.backend.told.find((line) => line.startsWith('accept '));
    await until(() => accepted() !== undefined && pod.log().includes('"joinable"'), 'the session is accepted');
    return { pod, server, port: () => Number(accepted()?.slice('accept '.length)) };
  }

  async function join(port: number, playerId: string, joinTicket: string): Promise<GameConnection> {
    const admission = { joinTicket, packetKey: keys.get(playerId) ?? '' };
    const game = await GameConnection.connect({ address: { host: '127.0.0.1', port }, playerId, admission, timeoutMs: 90_000 });
    opened.push(() => Promise.resolve(game.close()));
    return game;
  }

  it('plays a session from Ready to Shutdown, and loses nothing when the bridge is killed meanwhile', async () => {
    const { pod, server, port } = await playedPod();
    const game = await join(port(), 'ann', await pod.backend.ticket('ann'));
    await Promise.all([1, 2, 3].map((n) => game.move(n, n)));
    const whileAway = [4, 5, 6].map((n) => game.move(n, n));
    await pod.crash();
    await Promise.all(whileAway);
    await game.move(7, 7);
    assert.deepEqual(
      pod.backend.stored.map(({ seq, data }) => [seq, data['n']]),
      [1, 2, 3, 4, 5, 6, 7].map((n) => [n, n]),
    );
    await game.leave();
    assert.equal((await server.outcome).code, 0);
    assert.ok(pod.backend.told.includes('end everybody has left'));
    assert.ok(pod.sidecar.calls.includes('Shutdown'));
    assert.equal(pod.backend.snapshot?.seq, 7);
    // The move to (7, 7) took a pickup: it is the world's entry, and the next one of ann's inventory.
    const bag = pod.backend.inventories.get('ann');
    assert.deepEqual(bag?.entries, [{ seq: 1, data: { kind: 'pickup' } }]);
    assert.deepEqual(pod.backend.stored.at(-1)?.inventories, [{ playerId: 'ann', seq: 1, data: { kind: 'pickup' } }]);
    assert.deepEqual(bag?.snapshot, { seq: 1, data: '{"pickups":1}' });
  });

  it('refuses forged, expired and used tickets, and lets the same player in again within the grace', async () => {
    const { pod, port } = await playedPod();
    const stranger = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
    await assert.rejects(join(port(), 'ann', await pod.backend.ticket('ann', {}, stranger.privateKey)), { code: 'join_signature' });
    await assert.rejects(join(port(), 'ann', await pod.backend.ticket('ann', { exp: 1 })), { code: 'join_expired' });
    const ticket = await pod.backend.ticket('ann');
    const first = await join(port(), 'ann', ticket);
    await join(port(), 'bob', await pod.backend.ticket('bob'));
    await first.move(1, 1);
    // As after a crash of the player's machine: the old connection is still there.
    const second = await join(port(), 'ann', ticket);
    assert.deepEqual(missingMoves(second.joined.you.moves, first.durableMoves), []);
    await second.leave({ forGood: true });
    const seats = async () => (await pod.api.roster({})).body.seats;
    await until(async () => (await seats()).some((seat) => seat.playerId === 'ann' && seat.state === 'left'), 'the seat is given up');
    await assert.rejects(join(port(), 'ann', ticket), { kind: 'forbidden' });
  });

  it('stands still and goes when the lease of its world is lost', async () => {
    const { pod, server, port } = await playedPod();
    const game = await join(port(), 'ann', await pod.backend.ticket('ann'));
    await game.move(1, 1);
    pod.backend.worldEpoch = 4;
    await assert.rejects(game.move(2, 2), { name: 'AppError' });
    assert.equal((await server.outcome).code, 0);
    assert.equal(pod.backend.stored.length, 1);
    await until(() => pod.backend.told.some((line) => line.startsWith('fail ')), 'the allocator hears that the attempt failed');
    assert.ok(!pod.backend.told.some((line) => line.startsWith('end ')));
  });
});
