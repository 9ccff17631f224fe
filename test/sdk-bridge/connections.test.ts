import assert from 'node:assert/strict';
import { AppError } from '../../contracts/app-error.ts';
import type { KickNotice } from '../../contracts/notices.ts';
import { packetKeyId } from '../../runtime/packet-key-id.ts';
import { startPlayingPod, type Pod } from './stand-in/bridge-process.ts';
import { until } from './stand-in/until.ts';

describe('connections of players on the bridge', function () {
  this.timeout(300_000);
  let pod: Pod;
  beforeEach(async () => void (pod = await startPlayingPod()));
  afterEach(() => pod.close());

  const outcome = async (ticket: string) => {
    const verdict = await pod.admit(ticket);
    return verdict.admitted ? [verdict.connection, verdict.replace ?? 'new'] : verdict.refusal;
  };
  const present = (player: string, connection: number) => pod.api.present({ params: { player }, query: { connection } });
  const leave = async (player: string, connection?: number) =>
    (await pod.api.leave({ params: { player }, query: connection === undefined ? {} : { connection }, body: {} })).body.state;
  const seats = async () => (await pod.api.roster({})).body.seats.map(({ playerId, state }) => `${playerId} ${state}`);
  const notices = async (query = {}) => (await pod.api.notices({ query })).body;
  const isConflict = (code: string) => (cause: unknown) => cause instanceof AppError && cause.kind === 'conflict' && cause.code === code;

  it('give way to a newer one of the same player: one seat, and never two that count', async () => {
    const ticket = await pod.backend.ticket('ann');
    assert.deepEqual(await outcome(ticket), [1, 'new']);
    await present('ann', 1);
    assert.deepEqual(await outcome(ticket), [2, 'connection']);
    assert.deepEqual(await seats(), ['ann admitted', 'bob held']);
    await assert.rejects(present('ann', 1), isConflict('connection_replaced'));
    await present('ann', 2);
    // What the old one still says, as when it is dropped late, is not of this one.
    assert.equal(await leave('ann', 1), 'present');
    await pod.crash();
    assert.equal(await leave('ann', 1), 'present');
    await assert.rejects(present('ann', 1), isConflict('connection_replaced'));
    assert.deepEqual(await outcome(await pod.backend.ticket('ann')), [3, 'connection']);
    assert.deepEqual(await seats(), ['ann admitted', 'bob held']);
    assert.equal(await leave('ann', 3), 'away');
    assert.deepEqual(await outcome(ticket), [4, 'new']);
  });

  it('race for one seat, and one of them has it', async () => {
    const ticket = await pod.backend.ticket('ann');
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => pod.admit(ticket)));
    const connections = verdicts.map((verdict) => (verdict.admitted ? verdict.connection : 0)).toSorted((a, b) => a - b);
    assert.deepEqual(
      connections,
      Array.from({ length: 20 }, (_, at) => at + 1),
    );
    const tries = await Promise.allSettled(connections.map((connection) => present('ann', connection)));
    assert.deepEqual(
      tries.flatMap(({ status }, at) => (status === 'fulfilled' ? [at + 1] : [])),
      [20],
    );
    assert.deepEqual(await seats(), ['ann present', 'bob held']);
  });

  it('are dropped when the game kicks their player, who stays out; the allocator gets to know', async () => {
    const ticket = await pod.backend.ticket('ann');
    await pod.admit(ticket);
    await present('ann', 1);
    const before = await notices();
    pod.backend.allocatorAway = true;
    const seat = (await pod.api.kick({ params: { player: 'ann' }, body: { reason: 'vote' } })).body;
    assert.deepEqual(seat, { playerId: 'ann', role: 'player', state: 'present', kicked: 'vote' });
    const told = await notices({ wait: 10, from: before.version });
    assert.deepEqual(
      told.notices.map((notice) => notice.kind === 'kick' && [notice.playerId, notice.reason]),
      [['ann', 'vote']],
    );
    assert.equal(await outcome(ticket), 'kicked');
    await pod.crash();
    assert.equal(await outcome(await pod.backend.ticket('ann')), 'kicked');
    assert.deepEqual((await notices()).notices, told.notices);
    pod.backend.allocatorAway = false;
    await until(() => pod.backend.told.includes('kick ann vote'), 'the allocator is told');
    assert.equal(await leave('ann', 1), 'left');
    assert.deepEqual((await notices()).notices, []);
    assert.equal(await outcome(ticket), 'kicked');
    await pod.api.kick({ params: { player: 'bob' }, body: { reason: 'never came' } });
    assert.deepEqual((await notices()).notices, [], 'nobody is connected: nobody is to be dropped');
    assert.equal(await outcome(await pod.backend.ticket('bob')), 'kicked');
    await until(() => pod.backend.told.includes('kick bob never came'), 'the allocator is told');
    assert.deepEqual(pod.backend.told.filter((line) => line.startsWith('kick')).length, 2, 'each once');
    await assert.rejects(pod.api.kick({ params: { player: 'stranger' }, body: { reason: 'x' } }), { kind: 'not-found' });
  });

  it('are dropped on an order of the allocator, until the seat is given anew', async () => {
    const ticket = await pod.backend.ticket('ann');
    await pod.admit(ticket);
    await present('ann', 1);
    const before = await notices();
    const order: KickNotice = {
      kind: 'kick',
      playerId: 'ann',
      reason: 'banned',
      at: new Date().toISOString(),
      keyId: packetKeyId('key-ann'),
    };
    pod.sidecar.annotate({ 'lifeverse.dev/notice': JSON.stringify([order]) });
    const told = await notices({ wait: 10, from: before.version });
    assert.deepEqual(
      told.notices.map((notice) => notice.kind === 'kick' && [notice.playerId, notice.reason, notice.keyId]),
      [['ann', 'banned', order.keyId]],
    );
    assert.equal(await outcome(ticket), 'kicked');
    await assert.rejects(present('ann', 1), isConflict('seat_kicked'));
    assert.equal(await leave('ann', 1), 'left');
    assert.deepEqual((await notices()).notices, []);

    // The matchmaker gives the seat anew, with another key; the order of before is still there.
    pod.backend.players = [
      { id: 'ann', role: 'player', packetKey: 'key-2' },
      { id: 'bob', role: 'player', packetKey: 'key-bob' },
    ];
    const fresh = await pod.backend.ticket('ann', { keyId: packetKeyId('key-2') });
    assert.deepEqual(await outcome(fresh), [2, 'new']);
    assert.notEqual(await outcome(ticket), 'kicked');
    await pod.crash();
    assert.deepEqual((await notices()).notices, []);
    assert.deepEqual(
      pod.backend.told.filter((line) => line.startsWith('kick')),
      [],
      'it knows already',
    );
  });

  it('end when the server is drained: nobody comes in any more, and who is in may stay', async () => {
    await pod.admit(await pod.backend.ticket('ann'));
    const before = await notices();
    await pod.api.drain({ body: { reason: 'node upgrade', seconds: 60 } });
    const [notice] = (await notices({ wait: 10, from: before.version })).notices;
    assert.ok(notice?.kind === 'drain' && notice.reason === 'node upgrade' && Date.parse(notice.endsAt ?? '') > Date.now());
    await pod.api.drain({ body: { reason: 'again' } });
    await pod.crash();
    assert.deepEqual((await notices()).notices, [notice]);
    assert.equal(await outcome(await pod.backend.ticket('bob')), 'draining');
    await present('ann', 1);
    assert.deepEqual(await seats(), ['ann present', 'bob held']);
  });

  it('have their key before login, also of a player who was added since the claim', async () => {
    const key = async (player: string) => (await pod.api.packetKey({ params: { player } })).body.packetKey;
    assert.equal(await key('ann'), 'key-ann');
    pod.backend.players = [...pod.backend.players, { id: 'cat', role: 'player', packetKey: 'key-cat' }];
    assert.equal(await key('cat'), 'key-cat');
    await assert.rejects(key('stranger'), { kind: 'not-found', code: 'seat_unknown' });
  });
});
