import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair } from 'jose';
import { AppError } from '../../contracts/app-error.ts';
import { bundle } from '../../deploy/images/bundle/bundle.ts';
import { BRIDGE_ENV, BRIDGE_NODE_FLAGS } from '../../sdk-bridge/image/node-flags.ts';
import { ROOT } from '../tooling/import-graph.ts';
import { startPlayingPod, startPod, type Pod } from './stand-in/bridge-process.ts';
import { until } from './stand-in/until.ts';

describe('a session on the bridge', function () {
  this.timeout(300_000);
  let pod: Pod;
  afterEach(() => pod.close());

  const entries = (from: number, count: number) => Array.from({ length: count }, (_, at) => ({ seq: from + at, data: { n: from + at } }));
  const append = async (from: number, count: number) => (await pod.api.appendWorld({ body: { entries: entries(from, count) } })).body;
  const admit = (ticket: string) => pod.admit(ticket);
  const refusalOf = async (ticket: string) => {
    const verdict = await admit(ticket);
    return verdict.admitted ? 'admitted' : verdict.refusal;
  };
  const seatsOf = async () => Object.fromEntries((await pod.api.roster({})).body.seats.map(({ playerId, state }) => [playerId, state]));
  const durable = async (seq: number) => (await pod.api.worldAcks({ query: { wait: 20, after: seq - 1 } })).body;
  const worldOpen = () => pod.api.worldAcks({});
  const isConflict = (code: string) => (cause: unknown) => cause instanceof AppError && cause.kind === 'conflict' && cause.code === code;

  it('goes from allocated to joinable, takes entries of the world and ends in order', async () => {
    pod = await startPlayingPod({ world: 'w1' });
    assert.equal((await pod.api.session({})).body.phase, 'joinable');
    assert.deepEqual(await seatsOf(), { ann: 'held', bob: 'held' });
    assert.deepEqual(pod.backend.told, ['claim', 'accept 7777']);

    const verdict = await admit(await pod.backend.ticket('ann'));
    const seat = { playerId: 'ann', role: 'player', state: 'admitted' };
    assert.deepEqual(verdict, { admitted: true, seat, packetKey: 'key-ann', connection: 1 });
    assert.deepEqual(pod.backend.leases, ['ann']);
    assert.equal((await pod.api.present({ params: { player: 'ann' } })).body.state, 'present');

    assert.deepEqual((await pod.api.world({})).body, { world: 'w1', durableSeq: 0, entries: [] });
    assert.equal((await append(1, 5)).accepted, 5);
    assert.equal((await durable(5)).durable, 5);
    await pod.api.putWorldSnapshot({ body: { seq: 1, data: 'snap' } });
    await assert.rejects(pod.api.putWorldSnapshot({ body: { seq: 9, data: 'snap' } }), isConflict('snapshot_ahead'));
    const again = (await pod.api.world({})).body;
    assert.deepEqual([again.snapshot, again.entries], [{ seq: 1, data: 'snap' }, entries(2, 4)]);

    const ended = (await pod.api.end({ body: { reason: 'played' } })).body;
    assert.equal(ended.phase, 'ended');
    assert.equal(pod.backend.told.at(-1), 'end played');
    assert.equal(pod.sidecar.state(), 'Shutdown');
    assert.equal(await refusalOf(await pod.backend.ticket('bob')), 'no-session');
    await assert.rejects(append(6, 1), isConflict('session_ended'));
  });

  it('lets in who has a good ticket, once, and says of every other what is wrong', async () => {
    pod = await startPod();
    assert.equal(await refusalOf('nonsense'), 'no-session');
    pod.allocate();
    await pod.api.session({ query: { wait: 10, from: 'idle' } });
    const { backend } = pod;
    const good = await backend.ticket('ann');
    assert.equal(await refusalOf(good), 'not-joinable');
    await pod.api.accept({ body: { port: 1, build: 'b1' } });

    const forger = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
    const refused = {
      malformed: 'nonsense',
      signature: await backend.ticket('ann', {}, forger.privateKey),
      expired: await backend.ticket('ann', { exp: 1_000 }),
      'other-server': await backend.ticket('ann', { attempt: 2 }),
      'other-build': await backend.ticket('ann', { build: 'b2' }),
      full: await backend.ticket('stranger'),
    };
    for (const [refusal, ticket] of Object.entries(refused)) assert.equal(await refusalOf(ticket), refusal);
    assert.equal(await refusalOf(`${good.split('.').slice(0, 2).join('.')}.`), 'signature');
    assert.deepEqual(await seatsOf(), { ann: 'held', bob: 'held' });

    const both = await Promise.all([admit(good), admit(good)]);
    assert.ok(
      both.every((verdict) => verdict.admitted),
      'the same connection may ask twice before it is in',
    );
    await pod.api.present({ params: { player: 'ann' } });
    await pod.api.leave({ params: { player: 'ann' }, body: {} });
    assert.equal(await refusalOf(good), 'admitted', 're-entry within the grace is the same seat');
    await pod.api.leave({ params: { player: 'ann' }, body: { forGood: true } });
    assert.equal(await refusalOf(good), 'used');
    assert.equal(await refusalOf(await backend.ticket('ann')), 'admitted', 'a fresh ticket opens the door again');
    assert.doesNotMatch(pod.log(), /key-ann|eyJ/, 'no ticket and no key in the log');
  });

  it('follows the allocator to new signing keys, and still honours the old ones', async () => {
    pod = await startPlayingPod();
    const old = await pod.backend.ticket('bob');
    await pod.backend.rotateKey();
    assert.equal(await refusalOf(await pod.backend.ticket('ann')), 'admitted');
    assert.equal(await refusalOf(old), 'admitted');
  });

  it('learns of players who were added since the claim', async () => {
    pod = await startPlayingPod();
    pod.backend.players = [...pod.backend.players, { id: 'cat', role: 'player', packetKey: 'key-cat' }];
    assert.equal((await pod.api.packetKey({ params: { player: 'cat' } })).body.packetKey, 'key-cat');
    assert.equal(await refusalOf(await pod.backend.ticket('cat')), 'admitted');
  });

  it('keeps nobody at the door while saves is away, and takes the lease afterwards', async () => {
    pod = await startPlayingPod();
    pod.backend.savesAway = true;
    assert.equal(await refusalOf(await pod.backend.ticket('ann')), 'admitted');
    assert.deepEqual(pod.backend.leases, []);
    pod.backend.savesAway = false;
    await until(() => pod.backend.leases.includes('ann'), 'the lease is taken');
  });

  it('accepts entries while saves is away and makes them durable when it is back', async () => {
    pod = await startPlayingPod({ world: 'w1' });
    await worldOpen();
    pod.backend.savesAway = true;
    assert.deepEqual(await append(1, 3), { accepted: 3, durable: 0, readOnly: false });
    assert.deepEqual(await append(2, 3), { accepted: 4, durable: 0, readOnly: false });
    await assert.rejects(append(6, 1), isConflict('sequence_gap'));
    pod.backend.savesAway = false;
    assert.equal((await durable(4)).durable, 4);
    assert.deepEqual(pod.backend.stored, entries(1, 4));
  });

  it('survives kill -9 with every seat, used ticket and accepted entry', async () => {
    pod = await startPlayingPod({ world: 'w1' });
    const [ann, bob] = [await pod.backend.ticket('ann'), await pod.backend.ticket('bob')];
    await admit(ann);
    await pod.api.present({ params: { player: 'ann' } });
    await admit(bob);
    await pod.api.leave({ params: { player: 'bob' }, body: { forGood: true } });
    await worldOpen();
    await append(1, 2);
    await durable(2);
    pod.backend.savesAway = true;
    await append(3, 500);
    await pod.crash();

    assert.equal((await pod.api.session({})).body.phase, 'joinable');
    assert.deepEqual(await seatsOf(), { ann: 'present', bob: 'left' });
    assert.equal(await refusalOf(bob), 'used');
    await worldOpen();
    assert.equal((await append(503, 1)).accepted, 503, 'it goes on where it was, though saves is away');
    pod.backend.savesAway = false;
    assert.equal((await durable(503)).durable, 503);
    assert.deepEqual(pod.backend.stored, entries(1, 503));
    assert.deepEqual(pod.backend.told, ['claim', 'accept 7777'], 'nothing is told twice');
    assert.equal(pod.sidecar.state(), 'Allocated');
  });

  it('goes on with an end that kill -9 interrupted', async () => {
    pod = await startPlayingPod({ world: 'w1' });
    await worldOpen();
    pod.backend.savesAway = true;
    await append(1, 2);
    const ending = pod.api.end({ body: { reason: 'played' } }).catch(() => {});
    await until(async () => (await pod.api.session({})).body.phase === 'ended', 'the end has begun');
    await until(() => pod.log().includes('the session ends'), 'it is being carried out');
    await pod.crash();
    await ending;
    pod.backend.savesAway = false;
    await until(() => pod.sidecar.state() === 'Shutdown', 'the end is carried out');
    assert.equal(pod.backend.stored.length, 2);
    assert.deepEqual(pod.backend.told.slice(2), ['end played']);
  });

  it('goes read-only when another takes the world, and ends for it to go on elsewhere', async () => {
    pod = await startPlayingPod({ world: 'w1', env: { LEASE_LOST_MS: '4000' } });
    await worldOpen();
    pod.backend.worldEpoch = 4;
    const told = pod.api.session({ query: { wait: 10, from: 'joinable' } });
    await append(1, 1);
    assert.deepEqual(await durable(1), { accepted: 1, durable: 0, readOnly: true });
    assert.equal((await told).body.readOnly, true);
    await assert.rejects(append(2, 1), isConflict('world_read_only'));
    await until(() => pod.sidecar.state() === 'Shutdown', 'the session ends');
    assert.equal(pod.backend.told.at(-1), 'fail the world lease is lost');
    assert.deepEqual(pod.backend.stored, []);
  });

  it('shuts down when the session is not its own', async () => {
    pod = await startPod();
    pod.backend.notYours = true;
    pod.allocate();
    await until(() => pod.sidecar.state() === 'Shutdown', 'it shuts down');
    const { phase, reason } = (await pod.api.session({})).body;
    assert.equal(phase, 'ended');
    assert.match(reason ?? '', /the claim was refused/);
    assert.deepEqual(pod.backend.told, []);
  });

  it('shuts down when accept is refused', async () => {
    pod = await startPod();
    pod.allocate();
    await pod.api.session({ query: { wait: 10, from: 'idle' } });
    pod.backend.notYours = true;
    await assert.rejects(pod.api.accept({ body: { port: 1, build: 'b1' } }), isConflict('accept_refused'));
    await until(() => pod.sidecar.state() === 'Shutdown', 'it shuts down');
  });

  it('claims when the allocator is back, with the token as it then is', async () => {
    pod = await startPod();
    pod.backend.allocatorAway = true;
    pod.allocate();
    await until(() => pod.log().includes('it failed and is tried again'), 'the claim fails');
    await writeFile(pod.tokenFile, 'projected-2\n');
    pod.backend.allocatorAway = false;
    assert.equal((await pod.api.session({ query: { wait: 20, from: 'idle' } })).body.phase, 'claimed');
    assert.equal(pod.backend.tokens.at(-1), 'projected-2');
  });

  it('flushes, and tells that the session is lost, when it is stopped after its game server', async () => {
    pod = await startPlayingPod({ world: 'w1' });
    await worldOpen();
    pod.backend.savesAway = true;
    await append(1, 3);
    const exit = pod.kill('SIGTERM');
    await until(() => pod.log().includes('"message":"stopping"'), 'it stops');
    pod.backend.savesAway = false;
    assert.equal(await exit, 0);
    assert.equal(pod.backend.stored.length, 3);
    assert.equal(pod.backend.told.at(-1), 'fail the game server stopped');
  });

  it('warns the game server when Agones takes it away, and still takes what it saves', async () => {
    pod = await startPlayingPod({ world: 'w1' });
    await worldOpen();
    const told = pod.api.session({ query: { wait: 10, from: 'joinable' } });
    pod.sidecar.become('Unhealthy');
    assert.deepEqual([(await told).body.phase, (await told).body.reason], ['ended', 'the game server is Unhealthy']);
    await append(1, 1);
    assert.equal(await pod.kill('SIGTERM'), 0);
    assert.equal(pod.backend.stored.length, 1);
    assert.equal(pod.backend.told.at(-1), 'fail the game server is Unhealthy');
  });

  it('stops vouching for a game thread that hangs, not for one that hitches', async () => {
    const playingMs = 3_000;
    pod = await startPlayingPod({ env: { HEALTH_PLAYING_MS: String(playingMs), HEALTH_LOADING_MS: '600000' } });
    const lastBeat = () => pod.sidecar.beats.at(-1) ?? 0;
    const from = Date.now();
    await pod.api.frame({ body: { frames: 30, longestMs: 900 } });
    await until(() => lastBeat() > from + playingMs / 3, 'it beats on through a hitch');
    // A travel to another map may take longer, also beside a bridge that is started anew.
    const frame = (travelling: boolean) => pod.api.frame({ body: { frames: 1, longestMs: 9, travelling } });
    await frame(true);
    const since = pod.log().length;
    await pod.crash();
    const travelled = Date.now();
    await until(() => lastBeat() > travelled + playingMs, 'it beats on through a travel');
    assert.ok(!pod.log().slice(since).includes('the game server hangs'));
    await frame(false);
    await until(() => pod.log().includes('the game server hangs'), 'a hang');
  });

  it('stays within 90 MB as its image runs it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bundled-'));
    try {
      const { script } = await bundle(ROOT, 'sdk-bridge', folder);
      pod = await startPlayingPod({ script, nodeArgs: BRIDGE_NODE_FLAGS, world: 'w1', env: { ...BRIDGE_ENV, LOG_LEVEL: 'info' } });
      await worldOpen();
      for (let from = 1; from < 2_000; from += 100) await append(from, 100);
      const status = await readFile(`/proc/${pod.pid()}/status`, 'utf8');
      const residentMb = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
      assert.ok(residentMb <= 90, `${residentMb.toFixed(0)} MB resident`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
