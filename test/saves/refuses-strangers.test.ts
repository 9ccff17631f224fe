import assert from 'node:assert/strict';
import { createTokenIssuer } from '../services/token-issuer.ts';
import { entriesFrom, newHolder, savesUnderTest, type SavesUnderTest } from './saves-under-test.ts';

const body = { epoch: 1, entries: entriesFrom(1, 1) };
const snapshot = { epoch: 1, snapshot: { seq: 0, data: '' } };
const forbidden = (code: string) => ({ kind: 'forbidden', code });

describe('saves lets a session touch its own world and players only', function () {
  this.timeout(300_000);
  let saves: SavesUnderTest;
  const holder = newHolder();
  const world = { kind: 'worlds' as const, id: 'own' };
  const player = { kind: 'players' as const, id: 'ann' };
  before(async () => {
    saves = await savesUnderTest();
    await saves.allocator.takeLease({ params: world, body: { holder } });
  });
  after(() => saves.close());

  it('refuses a world and a player that the grant does not name, at every endpoint', async () => {
    const session = await saves.session({ holder, world: 'own', players: ['ann'] });
    for (const params of [
      { kind: 'worlds' as const, id: 'other' },
      { kind: 'players' as const, id: 'bob' },
      { kind: 'players' as const, id: 'own' },
      { kind: 'worlds' as const, id: 'ann' },
    ]) {
      await saves.operator.takeLease({ params, body: { holder } });
      await assert.rejects(session.takeLease({ params, body: { holder } }), forbidden('not_in_grant'));
      await assert.rejects(session.getLease({ params }), forbidden('not_in_grant'));
      await assert.rejects(session.appendEntries({ params, body }), forbidden('not_in_grant'));
      await assert.rejects(session.putSnapshot({ params, body: snapshot }), forbidden('not_in_grant'));
      await assert.rejects(session.restore({ params, query: {} }), forbidden('not_in_grant'));
    }
  });

  it('refuses a world lease to a session, also of its own world', async () => {
    const session = await saves.session({ holder, world: 'own' });
    await assert.rejects(session.takeLease({ params: world, body: { holder } }), forbidden('world_lease_by_allocator'));
  });

  it('refuses a player lease for another holder than the grant names', async () => {
    const session = await saves.session({ holder, players: ['ann'] });
    await assert.rejects(session.takeLease({ params: player, body: { holder: newHolder() } }), forbidden('holder_not_granted'));
    await assert.rejects(
      session.takeLease({ params: player, body: { holder: { ...holder, attempt: 2 } } }),
      forbidden('holder_not_granted'),
    );
    assert.equal((await session.takeLease({ params: player, body: { holder } })).body.epoch, 1);
  });

  it('refuses writes and reads of another holder with the right world and epoch', async () => {
    for (const other of [newHolder(), { ...holder, attempt: 2 }]) {
      const session = await saves.session({ holder: other, world: 'own' });
      await assert.rejects(session.appendEntries({ params: world, body }), forbidden('lease_not_held'));
      await assert.rejects(session.putSnapshot({ params: world, body: snapshot }), forbidden('lease_not_held'));
      await assert.rejects(session.restore({ params: world, query: {} }), forbidden('lease_not_held'));
    }
    assert.equal((await saves.operator.getLease({ params: world })).body.durableSeq, 0);
  });

  it('lets a player move between servers: the lease goes along, the server before is fenced', async () => {
    const [here, there] = [newHolder(), newHolder()];
    const params = { kind: 'players' as const, id: 'mover' };
    const before = await saves.session({ holder: here, players: ['mover'] });
    const after = await saves.session({ holder: there, players: ['mover'] });
    assert.equal((await before.takeLease({ params, body: { holder: here } })).body.epoch, 1);
    assert.equal((await after.takeLease({ params, body: { holder: there } })).body.epoch, 2);
    await assert.rejects(before.appendEntries({ params, body }), { kind: 'conflict', code: 'epoch_stale' });
    assert.equal((await before.takeLease({ params, body: { holder: here } })).body.epoch, 3, 'and comes back');
  });

  it('refuses no token, a player, a backend that would write, and a grant of an issuer that may give none', async () => {
    await assert.rejects(saves.as('').appendEntries({ params: world, body }), { kind: 'unauthenticated' });
    await assert.rejects(saves.as(await saves.services.sign('ann', ['player'])).restore({ params: world, query: {} }), {
      kind: 'forbidden',
    });
    await assert.rejects(saves.as(await saves.services.sign('b', ['backend'])).appendEntries({ params: world, body }), {
      kind: 'forbidden',
    });
    const claims = { holder, world: 'own', players: [] };
    await assert.rejects(saves.as(await saves.services.sign('x', ['session'], claims)).appendEntries({ params: world, body }), {
      kind: 'forbidden',
    });
    const forger = await createTokenIssuer('https://allocator.test', ['session']);
    await assert.rejects(saves.as(await forger.sign('x', ['session'], claims)).appendEntries({ params: world, body }), {
      kind: 'unauthenticated',
    });
  });

  it('refuses a session token that is no grant', async () => {
    const token = await saves.tokenFor({ holder: { uid: 'short', attempt: 1 }, world: 'own' });
    await assert.rejects(saves.as(token).appendEntries({ params: world, body }), forbidden('grant_malformed'));
  });
});
