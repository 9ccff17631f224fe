import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { CompactSign, exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { Refusal } from '../../contracts/bridge.ts';
import { startPlayingPod, type Pod } from './stand-in/bridge-process.ts';

const CLOCK = new URL('stand-in/shifted-clock.ts', import.meta.url).pathname;
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('the ticket check of a bridge', function () {
  this.timeout(300_000);
  let pod: Pod;
  /** A genuine ticket, and what can be taken from it. */
  let good: string;
  let parts: { header: string; payload: string; signature: string };

  const start = async (shiftMs = 0) => {
    pod = await startPlayingPod({ nodeArgs: ['--import', CLOCK], env: { CLOCK_SHIFT_MS: String(shiftMs) } });
    good = await pod.backend.ticket('ann');
    const [header = '', payload = '', signature = ''] = good.split('.');
    parts = { header, payload, signature };
  };
  const outcome = async (ticket: string) => {
    const verdict = await pod.admit(ticket);
    return verdict.admitted ? 'admitted' : verdict.refusal;
  };
  /** Seconds from now, by the clock of the allocator. */
  const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;

  describe('lets nobody in by', () => {
    before(() => start());
    after(() => pod.close());
    afterEach('and nobody is in', async () => {
      assert.deepEqual(
        (await pod.api.roster({})).body.seats.map(({ state }) => state),
        ['held', 'held'],
      );
    });

    const publicKey = async () => {
      const answer = await fetch(`${pod.backend.allocatorUrl}/.well-known/jwks.json`);
      return ((await answer.json()) as { keys: { kid: string; x: string }[] }).keys[0] ?? { kid: '', x: '' };
    };
    const forger = () => generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
    /** Signed by another's key, which the header brings along in some way. */
    const bringing = async (header: (jwk: object) => object) => {
      const { privateKey, publicKey: own } = await forger();
      const jwk = { ...(await exportJWK(own)), alg: 'EdDSA' };
      return new CompactSign(Buffer.from(parts.payload, 'base64url')).setProtectedHeader({ alg: 'EdDSA', ...header(jwk) }).sign(privateKey);
    };
    const hmacWith = async (secret: string | Buffer, alg = 'HS256') => {
      const head = encoded({ alg, kid: (await publicKey()).kid });
      const signature = createHmac('sha256', secret).update(`${head}.${parts.payload}`).digest('base64url');
      return `${head}.${parts.payload}.${signature}`;
    };
    const without = (...claims: string[]) => pod.backend.ticket('ann', Object.fromEntries(claims.map((name) => [name, undefined])));

    const table: [string, Refusal, () => string | Promise<string>][] = [
      ['a text that is no ticket', 'malformed', () => 'nonsense'],
      ['an empty text', 'malformed', () => ''],
      ['a forged signature', 'signature', async () => pod.backend.ticket('ann', {}, (await forger()).privateKey)],
      [
        'a signature of other claims',
        'signature',
        async () => {
          const other = await pod.backend.ticket('bob');
          return `${parts.header}.${parts.payload}.${other.split('.')[2] ?? ''}`;
        },
      ],
      ['no signature', 'signature', () => `${parts.header}.${parts.payload}.`],
      [
        'claims that were changed',
        'signature',
        () => {
          const claims = JSON.parse(Buffer.from(parts.payload, 'base64url').toString()) as object;
          return `${parts.header}.${encoded({ ...claims, sub: 'bob' })}.${parts.signature}`;
        },
      ],
      ['alg none', 'signature', () => `${encoded({ alg: 'none' })}.${parts.payload}.`],
      ['alg None, spelt otherwise', 'signature', () => `${encoded({ alg: 'nOnE', kid: 'k1' })}.${parts.payload}.${parts.signature}`],
      [
        'HS256 with the public key as its secret, as raw bytes',
        'signature',
        async () => hmacWith(Buffer.from((await publicKey()).x, 'base64url')),
      ],
      ['HS256 with the public key as its secret, as JSON', 'signature', async () => hmacWith(JSON.stringify(await publicKey()))],
      ['an HMAC that says EdDSA', 'signature', async () => hmacWith(Buffer.from((await publicKey()).x, 'base64url'), 'EdDSA')],
      [
        'another algorithm',
        'signature',
        async () => {
          const { privateKey } = await generateKeyPair('ES256');
          return new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(privateKey);
        },
      ],
      ['a key that the ticket brings along as jwk', 'signature', () => bringing((jwk) => ({ jwk }))],
      ['a jwk brought along under the kid of ours', 'signature', () => bringing((jwk) => ({ jwk, kid: 'k1' }))],
      [
        'a jku that points elsewhere',
        'signature',
        () => bringing(() => ({ jku: `${pod.backend.allocatorUrl}/forged.json`, kid: 'forged' })),
      ],
      ['a certificate brought along', 'signature', () => bringing(() => ({ x5u: 'https://forger.test/cert', x5c: ['AAAA'] }))],
      ['a kid that nobody knows', 'signature', () => bringing(() => ({ kid: '../../dev/null' }))],
      ['no kid and a foreign key', 'signature', () => bringing(() => ({}))],
      [
        'a critical header that is not understood',
        'signature',
        () => `${encoded({ alg: 'EdDSA', kid: 'k1', crit: ['exp'], exp: 9e9 })}.${parts.payload}.${parts.signature}`,
      ],
      ['another issuer', 'signature', () => pod.backend.ticket('ann', { iss: 'https://other.test' })],
      [
        'another audience, such as a session grant’s',
        'malformed',
        () => pod.backend.ticket('ann', { aud: 'lifeverse' as 'lifeverse-join' }),
      ],
      ['a ticket without an expiry', 'malformed', () => without('exp')],
      ['a ticket without an id', 'malformed', () => without('jti')],
      ['one for another session', 'other-server', () => pod.backend.ticket('ann', { uid: 'b'.repeat(32) })],
      ['one for an earlier attempt', 'other-server', () => pod.backend.ticket('ann', { attempt: 2 })],
      ['one for another game server', 'other-server', () => pod.backend.ticket('ann', { gameServer: 'gs-2' })],
      ['one for another build', 'other-build', () => pod.backend.ticket('ann', { build: 'b2' })],
      ['an expired one', 'expired', () => pod.backend.ticket('ann', { exp: inSeconds(-35) })],
      ['one of a player without a seat', 'full', () => pod.backend.ticket('stranger')],
      ['one from before the seat was given anew', 'expired', () => pod.backend.ticket('ann', { keyId: 'another' })],
    ];
    for (const [name, refusal, forge] of table) it(name, async () => assert.equal(await outcome(await forge()), refusal));
  });

  describe('lets a ticket in', () => {
    afterEach(() => pod.close());

    it('once: not when another has the seat by it, nor after the seat was given up', async () => {
      await start();
      assert.equal(await outcome(good), 'admitted');
      const { jti } = JSON.parse(Buffer.from(parts.payload, 'base64url').toString()) as { jti: string };
      assert.equal(await outcome(await pod.backend.ticket('bob', { jti })), 'used');
      await pod.api.leave({ params: { player: 'ann' }, body: { forGood: true } });
      assert.equal(await outcome(good), 'used');
      await pod.crash();
      assert.equal(await outcome(good), 'used');
      assert.doesNotMatch(pod.log(), /eyJ|key-ann/, 'no ticket and no key in the log');
    });

    for (const [name, shiftMs] of [
      ['30 s ahead', 30_000],
      ['30 s behind', -30_000],
    ] as const) {
      it(`that is good, and none that has expired, by a clock that is ${name}`, async () => {
        await start(shiftMs);
        assert.equal(await outcome(await pod.backend.ticket('ann', { exp: inSeconds(-65) })), 'expired');
        assert.equal(await outcome(await pod.backend.ticket('ann', { exp: inSeconds(15) })), 'admitted');
        assert.equal(await outcome(await pod.backend.ticket('bob')), 'admitted');
      });
    }
  });
});
