import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { decodeProtectedHeader } from 'jose';
import { accountsApi, type SignedIn } from '../../contracts/accounts.ts';
import { AppError } from '../../contracts/app-error.ts';
import { PlayerId } from '../../contracts/words.ts';
import { freePort } from '../../local/processes/free-port.ts';
import { testStack } from '../../local/testing.ts';
import { createHttpSend } from '../../runtime/http-send.ts';
import { createTokenCheck } from '../../runtime/token-check.ts';
import { freshDatabase, type FreshDatabase } from '../services/fresh-database.ts';
import { startServiceProcess, type ServiceProcess } from '../services/service-process.ts';

const PASSWORD = 'correct horse battery';

describe('Accounts', function () {
  this.timeout(300_000);
  let database: FreshDatabase;
  let accounts: ServiceProcess<typeof accountsApi.endpoints>;
  let issuer: string;

  before(async () => {
    database = await freshDatabase();
    const port = await freePort();
    issuer = `https://127.0.0.1:${port}`;
    accounts = await startServiceProcess({
      api: accountsApi,
      trusted: [],
      port,
      env: { MONGO_URL: database.url, MONGO_DATABASE: database.name, ACCOUNTS_ISSUER: issuer, ACCOUNTS_SECRET: randomUUID() },
    });
  });
  after(async () => {
    await accounts.stop();
    await database.close();
  });

  const newEmail = () => `${randomUUID()}@players.test`;
  const code = (expected: string) => (error: AppError) => error.code === expected;

  const isLate = (error: unknown) => error instanceof AppError && error.kind === 'timeout';

  /** Until it is done in time. */
  async function insist<T>(call: () => Promise<T>, failure: unknown): Promise<T> {
    if (!isLate(failure)) throw failure;
    return call().catch((again: unknown) => insist(call, again));
  }

  async function principalOf(signedIn: SignedIn) {
    const { authority } = await testStack();
    const http = createHttpSend(authority.caFile);
    try {
      const trusted = [{ issuer, jwks: `${issuer}/.well-known/jwks.json`, roles: ['player' as const] }];
      return await createTokenCheck(trusted, { send: http.send, now: Date.now })(signedIn.accessToken);
    } finally {
      await http.close();
    }
  }

  it('signs a player up and in, with access tokens that other services believe', async () => {
    const client = accounts.client();
    const email = newEmail();
    const made = (await client.signUp({ body: { email, password: PASSWORD, name: 'Ada' } })).body;
    const again = (await client.signIn({ body: { email: email.toUpperCase(), password: PASSWORD } })).body;
    assert.equal(again.playerId, made.playerId);
    assert.notEqual(again.sessionToken, made.sessionToken);
    const principal = await principalOf(again);
    assert.equal(principal.subject, made.playerId);
    assert.deepEqual(principal.roles, ['player']);
    assert.equal(decodeProtectedHeader(again.accessToken).alg, 'EdDSA');
  });

  it('refuses a wrong password as it refuses an unknown player', async () => {
    const client = accounts.client();
    const email = newEmail();
    await client.signUp({ body: { email, password: PASSWORD, name: 'Bob' } });
    const wrong = await client.signIn({ body: { email, password: 'wrong horse battery' } }).catch((error: AppError) => error);
    const unknown = await client.signIn({ body: { email: newEmail(), password: PASSWORD } }).catch((error: AppError) => error);
    assert.ok(wrong instanceof Error && unknown instanceof Error);
    assert.deepEqual([wrong.kind, wrong.code, wrong.message], [unknown.kind, unknown.code, unknown.message]);
    assert.equal(wrong.kind, 'unauthenticated');
  });

  it('makes one account of sign-ups that race', async () => {
    const email = newEmail();
    const tries = await Promise.allSettled(
      Array.from({ length: 10 }, () => accounts.client().signUp({ body: { email, password: PASSWORD, name: 'Eve' } })),
    );
    const refused = tries.flatMap((one) => (one.status === 'rejected' ? [one.reason as AppError] : []));
    // On a busy machine one may have been made whose answer took too long.
    assert.ok(refused.length === 9 || (refused.length === 10 && refused.some(isLate)), refused.map(({ code: is }) => is).join());
    for (const one of refused) assert.ok(isLate(one) || one.code === 'email_taken', one.code);
    assert.equal(await database.db.collection('user').countDocuments({ email }), 1);
  });

  it('refreshes access for a login until it is signed out', async () => {
    const client = accounts.client();
    const { sessionToken, playerId } = (await client.signUp({ body: { email: newEmail(), password: PASSWORD, name: 'Zoe' } })).body;
    assert.equal((await client.refresh({ body: { sessionToken } })).body.playerId, playerId);
    await client.signOut({ body: { sessionToken } });
    await assert.rejects(client.refresh({ body: { sessionToken } }), code('login_refused'));
    await client.signOut({ body: { sessionToken } });
  });

  it('says what to mend in a weak sign-up', async () => {
    const refused = await accounts
      .client()
      .signUp({ body: { email: 'not-an-address', password: 'short', name: '' } })
      .catch((error: AppError) => error);
    assert.ok(refused instanceof Error);
    assert.deepEqual(refused.faults.map((fault) => fault.pointer).toSorted(), ['#/body/email', '#/body/name', '#/body/password']);
  });

  it('refuses whatever is no session token, and never fails over it', async () => {
    const client = accounts.client();
    const { accessToken } = (await client.signUp({ body: { email: newEmail(), password: PASSWORD, name: 'Kim' } })).body;
    for (const sessionToken of ['x', '🜁', 'a\0b', 'a\r\nx-evil: 1', '%', ' ', '{"$ne":1}', accessToken]) {
      await assert.rejects(client.refresh({ body: { sessionToken } }), code('login_refused'), JSON.stringify(sessionToken));
      assert.equal((await client.signOut({ body: { sessionToken } })).status, 204);
    }
  });

  it('takes any text as a password and a name, and none that would become another one', async () => {
    const client = accounts.client();
    for (const password of ['\0'.repeat(12), '🜁'.repeat(64)]) {
      const email = newEmail();
      const made = (await client.signUp({ body: { email, password, name: '\0🜁' } })).body;
      assert.equal((await client.signIn({ body: { email, password } })).body.playerId, made.playerId);
    }
    // Halves of characters all become the same one in UTF-8: one password would open what another one has closed.
    const refused = await client
      .signUp({ body: { email: newEmail(), password: '\ud800'.repeat(12), name: '\ud801' } })
      .catch((cause: AppError) => cause);
    assert.ok(refused instanceof Error);
    assert.deepEqual([refused.kind, ...refused.faults.map(({ pointer }) => pointer)], ['invalid', '#/body/password', '#/body/name']);
    const half = { body: { sessionToken: '\ud800' } };
    for (const call of [client.refresh(half), client.signOut(half)]) await assert.rejects(call, { kind: 'invalid' });
  });

  it('serves 24 players who sign up at once, and signs with one key for all', async () => {
    const signUp = () => accounts.client().signUp({ body: { email: newEmail(), password: PASSWORD, name: 'Bot' } });
    const tries = await Promise.allSettled(Array.from({ length: 24 }, signUp));
    const made = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value.body] : []));
    // So many passwords may take a busy machine longer than a call is given: whoever is told so comes again.
    for (const one of tries) if (one.status === 'rejected') made.push((await insist(signUp, one.reason)).body);
    assert.equal(new Set(made.map(({ playerId }) => playerId)).size, 24);
    for (const { playerId } of made) assert.ok(PlayerId.safeParse(playerId).success, playerId);
    assert.equal((await accounts.client().keys({})).body.keys.length, 1);
  });

  it('writes no password and no token to its log', async () => {
    const email = newEmail();
    const { sessionToken, accessToken } = (await accounts.client().signUp({ body: { email, password: PASSWORD, name: 'Log' } })).body;
    await accounts
      .client()
      .refresh({ body: { sessionToken: `${sessionToken}🜁` } })
      .catch(() => {});
    const log = await readFile(accounts.process.logFile, 'utf8');
    for (const secret of [PASSWORD, sessionToken, accessToken, email]) assert.equal(log.includes(secret), false);
  });

  it('shows only public keys', async () => {
    const { keys } = (await accounts.client().keys({})).body;
    assert.ok(keys.length > 0);
    for (const key of keys) assert.equal(key['d'], undefined);
  });
});
