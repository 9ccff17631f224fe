import assert from 'node:assert/strict';
import type { webcrypto } from 'node:crypto';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWK } from 'jose';
import type { Send } from '../../contracts/client.ts';
import type { TrustedIssuer } from '../../runtime/config.ts';
import { createTokenCheck } from '../../runtime/token-check.ts';

const NOW = 1_800_000_000_000;
const SECONDS = NOW / 1_000;

interface KeyPair {
  readonly kid: string;
  readonly jwk: JWK;
  readonly privateKey: webcrypto.CryptoKey;
  readonly publicKey: webcrypto.CryptoKey;
}

async function makeKey(kid: string): Promise<KeyPair> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
  return { kid, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'EdDSA' }, privateKey, publicKey };
}

const sign = ({ kid, privateKey }: KeyPair, claims: Record<string, unknown> = {}) =>
  new SignJWT({ iss: 'https://issuer', aud: 'lifeverse', sub: 'player-1', exp: SECONDS + 600, roles: ['player'], ...claims })
    .setProtectedHeader({ alg: 'EdDSA', kid })
    .sign(privateKey);

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('the token check', () => {
  let first: KeyPair;
  let second: KeyPair;
  before(async () => {
    first = await makeKey('first');
    second = await makeKey('second');
  });

  const world = (published: () => readonly JWK[] | undefined | Promise<readonly JWK[]>, trusted: Partial<TrustedIssuer> = {}) => {
    const clock = { now: NOW };
    const asked: string[] = [];
    const send: Send = async ({ url }) => {
      asked.push(url);
      const keys = await published();
      if (keys === undefined) throw new Error('the issuer is away');
      return { status: 200, headers: {}, body: JSON.stringify({ keys }) };
    };
    const issuer: TrustedIssuer = { issuer: 'https://issuer', jwks: 'https://issuer/jwks', roles: ['player'], ...trusted };
    return { clock, asked, check: createTokenCheck([issuer], { send, now: () => clock.now }) };
  };
  const refused = (code = 'token_invalid') => ({ kind: 'unauthenticated', code });

  it('tells who calls', async () => {
    const { check } = world(() => [first.jwk]);
    const { subject, roles, issuer } = await check(await sign(first));
    assert.deepEqual({ subject, roles, issuer }, { subject: 'player-1', roles: ['player'], issuer: 'https://issuer' });
  });

  it('refuses a token of another issuer, audience or signer', async () => {
    const { check } = world(() => [first.jwk]);
    await assert.rejects(check(await sign(first, { iss: 'https://other' })), refused('token_issuer'));
    await assert.rejects(check(await sign(first, { aud: 'lifeverse-join' })), refused());
    await assert.rejects(check(await sign({ ...second, kid: 'first' })), refused());
  });

  it('refuses a token before and after its time, with half a minute for clocks that differ', async () => {
    const { check } = world(() => [first.jwk]);
    await assert.rejects(check(await sign(first, { exp: SECONDS - 31 })), refused());
    await assert.rejects(check(await sign(first, { nbf: SECONDS + 31 })), refused());
    await check(await sign(first, { exp: SECONDS - 25, nbf: SECONDS + 25 }));
  });

  it('refuses a token that never ends or is nobody’s', async () => {
    const { check } = world(() => [first.jwk]);
    await assert.rejects(check(await sign(first, { exp: undefined })), refused());
    await assert.rejects(check(await sign(first, { sub: undefined })), refused());
  });

  it('refuses a token without a signature', async () => {
    const { check } = world(() => [first.jwk]);
    const [, payload] = (await sign(first)).split('.');
    await assert.rejects(check(`${encode({ alg: 'none' })}.${payload}.`), refused());
    await assert.rejects(check(`${encode({ alg: 'none', kid: 'first' })}.${payload}.`), refused());
  });

  it('refuses an algorithm that is not on its list, even under a published key', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES384', { extractable: true });
    const { check } = world(async () => [{ ...(await exportJWK(publicKey)), kid: 'other' }]);
    const token = new SignJWT({ iss: 'https://issuer', aud: 'lifeverse', sub: 'x', exp: SECONDS + 60, roles: ['player'] })
      .setProtectedHeader({ alg: 'ES384', kid: 'other' })
      .sign(privateKey);
    await assert.rejects(check(await token), refused());
  });

  it('refuses a token that is signed with the public key as a shared secret', async () => {
    const { check } = world(() => [first.jwk]);
    for (const secret of [await exportSPKI(first.publicKey), JSON.stringify(first.jwk), first.jwk.x ?? '']) {
      const forged = new SignJWT({ iss: 'https://issuer', aud: 'lifeverse', sub: 'x', exp: SECONDS + 60, roles: ['player'] })
        .setProtectedHeader({ alg: 'HS256', kid: 'first' })
        .sign(new TextEncoder().encode(secret));
      await assert.rejects(check(await forged), refused());
    }
  });

  for (const token of ['', 'x', 'a.b.c', '..', 'eyJhbGciOiJFZERTQSJ9.e30.', `${encode({ alg: 'EdDSA' })}.${encode([])}.x`, '💥.💥.💥']) {
    it(`refuses «${token.slice(0, 20)}»`, async () => {
      const { check } = world(() => [first.jwk]);
      await assert.rejects(check(token), { kind: 'unauthenticated' });
    });
  }

  it('cuts roles to what the issuer may give', async () => {
    const { check } = world(() => [first.jwk]);
    assert.deepEqual((await check(await sign(first, { roles: ['operator', 'player', 'nonsense'] }))).roles, ['player']);
    assert.deepEqual((await check(await sign(first, { roles: 'player' }))).roles, []);
    assert.deepEqual((await check(await sign(first, { roles: ['game-server'] }))).roles, []);
  });

  describe('with keys that change', () => {
    it('fetches them once for many tokens', async () => {
      const { check, asked } = world(() => [first.jwk]);
      const token = await sign(first);
      await Promise.all(Array.from({ length: 20 }, () => check(token)));
      assert.equal(asked.length, 1);
    });

    it('fetches them again for a key that it does not know, but not within five seconds', async () => {
      let keys = [first.jwk];
      const { check, asked, clock } = world(() => keys);
      await check(await sign(first));
      keys = [first.jwk, second.jwk];
      await assert.rejects(check(await sign(second)), refused());
      assert.equal(asked.length, 1);
      clock.now += 5_000;
      await check(await sign(second));
      assert.equal(asked.length, 2);
      const unknown = await makeKey('unknown');
      for (let nth = 0; nth < 10; nth++) await assert.rejects(check(await sign(unknown)), refused());
      assert.equal(asked.length, 2);
    });

    it('goes on with the old ones while the issuer is away', async () => {
      let away = false;
      const { check, asked, clock } = world(() => (away ? undefined : [first.jwk]));
      const token = await sign(first, { exp: SECONDS + 86_400 });
      await check(token);
      away = true;
      clock.now += 3_600_000;
      await check(token);
      await check(token);
      assert.equal(asked.length, 2, 'it asks again, but not for each token');
    });

    it('drops a key that its issuer has withdrawn', async () => {
      let keys = [first.jwk, second.jwk];
      const { check, clock } = world(() => keys);
      const token = await sign(second, { exp: SECONDS + 86_400 });
      await check(token);
      keys = [first.jwk];
      clock.now += 300_000;
      await check(token); // the last one on the old keys: it has new ones fetched
      await new Promise(setImmediate);
      await assert.rejects(check(token), refused());
    });

    it('says that it cannot tell, while it has no keys at all', async () => {
      let away = true;
      const { check } = world(() => (away ? undefined : [first.jwk]));
      await assert.rejects(check(await sign(first)), { kind: 'unavailable', code: 'token_keys_unavailable' });
      away = false;
      await check(await sign(first));
    });
  });

  describe('of a pod', () => {
    const bound = { namespace: 'games', pod: { name: 'server-1', uid: 'uid-1' } };
    const cluster = { cluster: 'europe', roles: ['game-server' as const] };

    it('tells which pod calls, in which cluster', async () => {
      const { check } = world(() => [first.jwk], cluster);
      const { roles, pod } = await check(await sign(first, { 'kubernetes.io': bound, roles: ['operator'] }));
      assert.deepEqual(roles, ['game-server']);
      assert.deepEqual(pod, { cluster: 'europe', namespace: 'games', name: 'server-1', uid: 'uid-1' });
    });

    it('refuses a token that is bound to no pod', async () => {
      const { check } = world(() => [first.jwk], cluster);
      await assert.rejects(check(await sign(first, { 'kubernetes.io': { namespace: 'games' } })), refused('token_unbound'));
      await assert.rejects(check(await sign(first)), refused('token_unbound'));
    });

    it('gives no role that the config does not give to the cluster', async () => {
      const { check } = world(() => [first.jwk], { ...cluster, roles: ['player'] });
      assert.deepEqual((await check(await sign(first, { 'kubernetes.io': bound }))).roles, []);
    });

    describe('whose service account is listed', () => {
      const roles = ['game-server' as const, 'matchmaker' as const, 'allocator' as const];
      const services = { cluster: 'europe', roles, serviceAccounts: { 'services/matchmaker': ['matchmaker' as const] } };
      const of = (namespace: string, name?: string) => ({
        'kubernetes.io': { ...bound, namespace, ...(name === undefined ? {} : { serviceaccount: { name, uid: 'uid-2' } }) },
        roles: ['operator', 'allocator'],
      });
      const rolesOf = async (trusted: Partial<TrustedIssuer>, namespace: string, name?: string) =>
        (await world(() => [first.jwk], trusted).check(await sign(first, of(namespace, name)))).roles;

      it('gives it the roles of its account, whatever the token itself claims', async () => {
        assert.deepEqual(await rolesOf(services, 'services', 'matchmaker'), ['matchmaker']);
      });

      it('takes the namespace and the name together', async () => {
        assert.deepEqual(await rolesOf(services, 'games', 'matchmaker'), ['game-server']);
        assert.deepEqual(await rolesOf(services, 'services', 'other'), ['game-server']);
      });

      it('lets whoever is not listed be a game server, as where there is no list', async () => {
        assert.deepEqual(await rolesOf(services, 'games', 'agones-sdk'), ['game-server']);
        assert.deepEqual(await rolesOf(services, 'games'), ['game-server']);
      });

      it('lets nobody else be a game server once an account is listed as one', async () => {
        const strict = { ...services, serviceAccounts: { ...services.serviceAccounts, 'games/agones-sdk': ['game-server' as const] } };
        assert.deepEqual(await rolesOf(strict, 'games', 'agones-sdk'), ['game-server']);
        assert.deepEqual(await rolesOf(strict, 'services', 'matchmaker'), ['matchmaker']);
        assert.deepEqual(await rolesOf(strict, 'games', 'other'), []);
        assert.deepEqual(await rolesOf(strict, 'games'), []);
      });

      it('finds no account in what every object has', async () => {
        const odd = { ...services, serviceAccounts: Object.create({ 'games/odd': ['allocator'] }) as Record<string, never> };
        assert.deepEqual(await rolesOf(odd, 'games', 'odd'), ['game-server']);
      });

      it('still refuses a token that is bound to no pod', async () => {
        const { check } = world(() => [first.jwk], services);
        const unbound = { 'kubernetes.io': { namespace: 'services', serviceaccount: { name: 'matchmaker', uid: 'uid-2' } } };
        await assert.rejects(check(await sign(first, unbound)), refused('token_unbound'));
      });
    });

    it('believes no pod claims of an issuer that is no cluster', async () => {
      const { check } = world(() => [first.jwk]);
      assert.equal((await check(await sign(first, { 'kubernetes.io': bound }))).pod, undefined);
    });
  });
});
