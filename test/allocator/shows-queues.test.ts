import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { Redis } from 'ioredis';
import type { Role } from '../../contracts/roles.ts';
import { freePort } from '../../local/processes/free-port.ts';
import { testRedis, testStack } from '../../local/testing.ts';
import { allocatorUnderTest, anAllocation, EAST, until, type AllocatorUnderTest } from './allocator-under-test.ts';
import { readySession } from './ready-session.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

describe('The operator of the allocator', function () {
  this.timeout(300_000);
  let world: AllocatorUnderTest;
  let ca: Buffer;
  let opsPort: number;
  before(async () => {
    opsPort = await freePort();
    ca = await readFile((await testStack()).authority.caFile);
    world = await allocatorUnderTest({ env: { OPS_PORT: String(opsPort) } });
  });
  after(() => world.stop());

  const sign = (roles: readonly Role[]) => world.token('ops:grace', roles);
  const send = (url: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const sent = request(url, { method, headers, ca, timeout: 100_000 }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
      });
      sent.once('error', reject).once('timeout', () => sent.destroy(new Error(`${url} did not answer`)));
      sent.end(body);
    });
  const open = (path: string, sent?: Sent) => send(`${world.allocator.url}${path}`, sent);
  const bearer = async (roles: readonly Role[]) => ({ headers: { authorization: `Bearer ${await sign(roles)}` } });
  const cookieOf = ({ headers }: Answer) => [headers['set-cookie'] ?? []].flat()[0] ?? '';
  const signIn = (token: string, headers: Readonly<Record<string, string>> = {}) =>
    open('/admin/sign-in', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams({ token }).toString(),
    });

  it('opens the board of the queues with a token, and nobody else does', async () => {
    assert.equal((await open('/admin/queues/api/queues')).status, 401);
    assert.equal((await open('/admin/queues/api/queues', await bearer(['matchmaker']))).status, 403);
    assert.equal((await open('/admin/queues', { headers: { accept: 'text/html' } })).headers.location, '/admin/');
    const board = await open('/admin/queues/api/queues', await bearer(['operator']));
    assert.equal(board.status, 200, board.text);
    const { queues } = JSON.parse(board.text) as { queues: { name: string; readOnlyMode: boolean }[] };
    assert.deepEqual(
      queues.map(({ name, readOnlyMode }) => [name, readOnlyMode]),
      [['allocations', true]],
    );
    const paused = await open('/admin/queues/api/queues/allocations/pause', { method: 'PUT', ...(await bearer(['operator'])) });
    assert.equal(paused.status, 405, paused.text);
  });

  it('signs in with a form, and gets a cookie that no script and no other site can use', async () => {
    const form = await open('/admin/');
    assert.equal(form.status, 200);
    assert.match(form.text, /<form method="post" action="\/admin\/sign-in">/);
    const policy = String(form.headers['content-security-policy']);
    assert.match(policy, /default-src 'none'; script-src 'self';/);
    assert.match(policy, /frame-ancestors 'none'/);

    const token = await sign(['operator']);
    const signedIn = await signIn(token);
    assert.deepEqual([signedIn.status, signedIn.headers.location], [303, '/admin/']);
    const [cookie = '', ...rest] = cookieOf(signedIn).split('; ');
    assert.deepEqual(
      rest.filter((part) => !part.startsWith('Max-Age')),
      ['Path=/admin', 'HttpOnly', 'Secure', 'SameSite=Strict'],
    );
    assert.ok(Number(rest.find((part) => part.startsWith('Max-Age'))?.slice('Max-Age='.length)) <= 7_200, 'it ends with the token');
    assert.match((await open('/admin/', { headers: { cookie } })).text, /Signed in as ops:grace.*href="\/admin\/queues"/s);
    const page = await open('/admin/queues', { headers: { cookie } });
    assert.equal(page.status, 200);
    const script = /src="(static\/js\/main[^"]+)"/.exec(page.text)?.[1];
    assert.equal((await open(`/admin/queues/${script}`, { headers: { cookie } })).status, 200);
    assert.equal((await open('/v1/reconcile', { headers: { cookie } })).status, 401, 'the API takes no cookie');
    const out = await open('/admin/sign-out', { method: 'POST', headers: { cookie } });
    assert.match(cookieOf(out), /Max-Age=0/);
  });

  it('is refused with the reason, and never puts a token into a page or a URL', async () => {
    const other = await sign(['matchmaker']);
    const refused = await signIn(other);
    assert.equal(refused.status, 403);
    assert.match(refused.text, /needs the role operator/);
    assert.ok(!refused.text.includes(other) && refused.headers['set-cookie'] === undefined);
    assert.equal((await signIn('<b>no token')).status, 401);
    assert.equal((await signIn('')).status, 400);
    assert.equal((await open(`/admin/queues/api/queues?token=${await sign(['operator'])}`)).status, 401);
    assert.equal((await signIn(await sign(['operator']), { 'sec-fetch-site': 'cross-site' })).status, 403);
  });

  it('sees allocations, waits, tries, turns and rounds move in the metrics', async () => {
    const read = async () => (await send(`https://127.0.0.1:${opsPort}/metrics`)).text;
    const valueOf = (text: string, name: string, labels: string) =>
      text
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`) && labels.split(' ').every((label) => line.includes(label)))
        .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    const fleet = await world.makeFleet(EAST, 2);
    await world.knows(EAST, fleet, 2);
    const before = await read();
    await readySession(world, fleet);
    const matchmaker = await world.matchmaker();
    await matchmaker.requestAllocation({ body: anAllocation(await world.makeFleet(EAST, 0)) });
    const expected: readonly [name: string, labels: string, by: number][] = [
      ['lifeverse_allocations', 'state="ready"', 1],
      ['lifeverse_allocations', 'state="queued"', 1],
      ['lifeverse_allocations_total', 'state="ready"', 1],
      ['lifeverse_allocation_wait_seconds_count', `until="allocated" fleet="${fleet}"`, 1],
      ['lifeverse_allocation_wait_seconds_count', `until="ready" fleet="${fleet}"`, 1],
      ['lifeverse_placement_tries_total', `cluster="${EAST}" outcome="bound"`, 1],
      ['lifeverse_turns_total', 'by="queue" outcome="done"', 2],
      ['lifeverse_reconcile_game_servers', `cluster="${EAST}" verdict="keep"`, 1],
      ['lifeverse_reconcile_rounds_total', '', 1],
    ];
    for (const [name, labels, by] of expected)
      await until(
        `${name} ${labels} counts ${by} more`,
        async () => valueOf(await read(), name, labels) >= valueOf(before, name, labels) + by,
      );
    for (const name of ['lifeverse_sweep_lag_seconds', 'lifeverse_release_brake_held', 'lifeverse_turns_running', 'lifeverse_queue_jobs'])
      await until(`${name} is shown`, async () => new RegExp(`^${name}\\{`, 'm').test(await read()));
  });

  it('is told when Redis is away, at once, and the board comes back with it', async () => {
    const { url } = await testRedis();
    const redis = new Redis(url, { tls: { rejectUnauthorized: false } });
    const operator = await bearer(['operator']);
    try {
      // Whoever was connected is cut off, and finds nobody for a while.
      await redis.config('SET', 'maxclients', '1');
      await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await until('the board says so', async () => {
        // It does not hang: that would be a 504 at its deadline, or no answer at all.
        const { status, text } = await open('/admin/queues/api/queues', operator);
        return status === 503 && text.includes('Redis');
      });
      assert.equal((await open('/admin/', operator)).status, 200);
    } finally {
      await redis.config('SET', 'maxclients', '10000');
      redis.disconnect();
    }
    await until('the board is back', async () => (await open('/admin/queues/api/queues', operator)).status === 200);
  });
});
