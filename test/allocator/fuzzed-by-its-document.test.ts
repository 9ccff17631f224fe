/** Requests that a machine invents from the OpenAPI document: none may get a 5xx, or an answer that the document does not name. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openApiOf } from '../../contracts/openapi.ts';
import { allocatorApi } from '../../contracts/allocator-api.ts';
import { obtainParts } from '../../local/parts/obtain-parts.ts';
import { schemathesisPart } from '../../local/parts/schemathesis-part.ts';
import { testStack } from '../../local/testing.ts';
import { allocatorUnderTest, anAllocation, EAST, until, type AllocatorUnderTest } from './allocator-under-test.ts';

/**
 * What is sent is judged by the document; what zod checks beyond it (a player named twice, say) is refused all the same, so that a
 * refusal of something sound by the document is no fault.
 */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'negative_data_rejection',
  'unsupported_method',
  'allow_header_conformance',
  'ignored_auth',
].join(',');
const SEED = '20';

describe('The allocator, fuzzed by its OpenAPI document', function () {
  // A first run installs the fuzzer.
  this.timeout(1_800_000);
  let world: AllocatorUnderTest;
  let fleet: string;
  before(async () => {
    world = await allocatorUnderTest({ env: { LOG_LEVEL: 'warn' } });
    fleet = await world.makeFleet(EAST, 2);
  });
  after(() => world.stop());

  async function fuzz(token: string, known: readonly Known[], ...which: string[]): Promise<void> {
    const { folder, around, authority } = await testStack();
    const [program] = await obtainParts([schemathesisPart], around);
    assert.ok(program);
    const document = path.join(folder, `openapi-${which.length}-${Date.now()}.json`);
    await writeFile(document, JSON.stringify(within(openApiOf(allocatorApi), known)));
    const args = ['run', document, '--url', world.allocator.url, '--tls-verify', authority.caFile, '--checks', CHECKS, '--seed', SEED];
    const bounds = ['--phases', 'examples,coverage,fuzzing', '--max-examples', '12', '--no-shrink', '--no-color'];
    const header = ['--header', `Authorization: Bearer ${token}`];
    const child = spawn(program, [...args, ...bounds, ...header, ...which], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, 0, said.slice(-8_000));
    const tested = Number(/(\d+) tested|Test cases:\s+(\d+)/.exec(said)?.slice(1).find(Boolean) ?? 0);
    assert.ok(tested > 0, said.slice(-2_000));
  }

  it('holds against a client with every role', async () => {
    const token = await world.token('fuzzer', ['matchmaker', 'backend', 'operator', 'player']);
    // A stream has no end that could be waited for.
    await fuzz(token, [], '--exclude-path-regex', '/stream$|^/v1/attempts/');
  });

  it('holds at what is there: an allocation, a webhook, a fleet', async () => {
    const token = await world.token('fuzzer', ['matchmaker', 'backend', 'operator', 'player']);
    const client = await world.as('owner', ['matchmaker', 'backend', 'operator']);
    const asked = anAllocation(fleet);
    await client.requestAllocation({ body: asked });
    const { id: webhook } = (await client.createWebhook({ body: { url: 'https://example.com/hook' } })).body;
    const known: Known[] = [
      { at: '/v1/allocations/{id}', parameters: { id: asked.id } },
      { at: '/v1/webhooks/{id}', parameters: { id: webhook } },
      { at: '/v1/autoscaler/', parameters: { cluster: EAST, fleet } },
    ];
    // In one run: each start of the fuzzer costs as much as what it sends here.
    await fuzz(token, known, '--include-path-regex', '^/v1/(allocations/.id.|webhooks/.id.|autoscaler/)');
  });

  it('holds against the bridge of a game server that has a session', async () => {
    const matchmaker = await world.matchmaker();
    const asked = anAllocation(fleet);
    await matchmaker.requestAllocation({ body: asked });
    const { uid, attempt, server } = (await matchmaker.getAllocation({ params: { id: asked.id }, query: { wait: 10, from: 'queued' } }))
      .body;
    await until('it has a server', async () => (await world.carriersOf(uid)).length === 1);
    const carrier = (await world.carriersOf(uid))[0]?.name ?? server?.gameServer ?? '';
    const known = { at: '/v1/attempts/', parameters: { uid, attempt: Math.max(1, attempt) }, fields: { gameServer: carrier } };
    await fuzz(await world.podToken({ cluster: EAST, gameServer: carrier }), [known], '--include-path-regex', '^/v1/attempts/');
  });

  it('has logged no failure of its own meanwhile', async () => {
    const errors = (await readFile(world.allocator.process.logFile, 'utf8')).split('\n').filter((line) => line.includes('"level":"error"'));
    assert.deepEqual(errors, []);
  });
});

type Json = { [key: string]: unknown };

/** What is not invented, but given, by name: what is behind it would never be met by chance. */
interface Known {
  /** Where the paths begin at which it is given. */
  readonly at: string;
  readonly parameters?: Values;
  /** Of a body that is sent; no answer may have a field of that name. */
  readonly fields?: Values;
}
type Values = Readonly<Record<string, string | number>>;

/** A call may be held for 30 s: hundreds of them would take hours. */
const HOLDING: ReadonlySet<unknown> = new Set(['wait', 'prefer']);

/** Nothing that can hold a call is sent, and at each path what is known there. */
function within(document: Json, known: readonly Known[]): Json {
  const paths = Object.entries(document['paths'] as Json).map(([path, item]) => {
    const here = known.find(({ at }) => path.startsWith(at));
    return [path, givenIn(item, here)];
  });
  const fields: Values = Object.assign({}, ...known.map((one) => one.fields ?? {}));
  const rest = givenIn({ ...document, paths: {} }, { fields }) as Json;
  return { ...rest, paths: Object.fromEntries(paths) as Json };
}

function givenIn(part: unknown, { parameters = {}, fields = {} }: Omit<Known, 'at'> = {}): unknown {
  const only = (values: Values): Json => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { enum: [value] }]));
  const givenFields = Object.entries(only(fields));
  const givenParameters = only(parameters);
  return JSON.parse(JSON.stringify(part), (key, value: unknown) => {
    if (key === 'properties') return { ...(value as Json), ...Object.fromEntries(givenFields.filter(([name]) => name in (value as Json))) };
    if (key !== 'parameters' || !Array.isArray(value)) return value;
    const kept = value.filter((parameter: Json) => !HOLDING.has(parameter['name'])) as Json[];
    return kept.map((parameter) => ({ ...parameter, schema: givenParameters[String(parameter['name'])] ?? parameter['schema'] }));
  });
}
