import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { generateKeyPair } from 'jose';
import { missingMoves } from '../../local/demo/game-messages.ts';
import { GameConnection } from '../../local/demo/udp-client.ts';
import { startPod, type Pod } from '../sdk-bridge/stand-in/bridge-process.ts';
import { until } from '../sdk-bridge/stand-in/until.ts';
import { buildSampleServer, SampleServerProcess } from './sample-server-process.ts';

describe('sample server behind the real bridge', function () {
  this.timeout(30_000);

  const opened: (() => Promise<void>)[] = [];
  const keys = new Map(['ann', 'bob'].map((id) => [id, randomBytes(32).toString('base64url')]));

  before(async function () {
    this.timeout(120_000);
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
    const game = await GameConnection.connect({ address: { host: '127.0.0.1', port }, playerId, admission, timeoutMs: 8_000 });
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
