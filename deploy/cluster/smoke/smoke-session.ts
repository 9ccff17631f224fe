/** One real session through the allocator's public API: placed, reached, ended. It ends what it began, also when it fails. */
import type { Allocation } from '../../../contracts/allocator.ts';
import type { allocatorApi } from '../../../contracts/allocator-api.ts';
import type { Client } from '../../../contracts/client.ts';
import type { Knock } from './knock.ts';

type AllocatorClient = Pick<
  Client<(typeof allocatorApi)['endpoints']>,
  'requestAllocation' | 'getAllocation' | 'traceAllocation' | 'cancelAllocation'
>;

export interface SmokeSession {
  readonly id: string;
  readonly fleet: string;
  readonly build: string;
  /** What the game server is told to load. */
  readonly map: string;
  /** Its server speaks the sample server's protocol: a silent one is then a fault. */
  readonly isSample: boolean;
}

export interface SmokeParts {
  readonly allocator: AllocatorClient;
  readonly knock: Knock;
  readonly random: (bytes: number) => Buffer;
  readonly now: () => number;
  readonly say: (line: string) => void;
  /** Ends the wait; the session is ended all the same. */
  readonly signal: AbortSignal;
}

const READY_SECONDS = 120;
const END_MS = 60_000;
const FINAL: readonly Allocation['state'][] = ['ended', 'lost', 'failed', 'cancelled', 'expired'];

/** @throws with the reason and the decision trace when the session does not become ready, or cannot be reached or ended. */
export async function smokeSession(session: SmokeSession, parts: SmokeParts): Promise<void> {
  const begun = parts.now();
  const seconds = (): string => ((parts.now() - begun) / 1_000).toFixed(1);
  try {
    const ready = await untilReady(session, parts);
    const { server, admissions } = ready;
    if (server?.address === undefined || admissions.length === 0)
      throw new Error('the allocation is ready without an address or a join ticket');
    const { host, port } = server.address;
    parts.say(`  ready after ${seconds()} s: ${server.gameServer} in ${server.cluster}, at ${host}:${port}`);
    const knocked = await parts.knock(
      { ...server.address, routingToken: admissions[0]?.routingToken },
      playerOf(session),
      parts.random(16),
    );
    if (knocked === 'answered') parts.say(`  its game port answers (${seconds()} s)`);
    else if (session.isSample)
      throw new Error(`nothing comes back from ${host}:${port}: a firewall between here and the node, or a server that hangs`);
    else parts.say('  its game port is silent to a hello of the sample server, as another game’s is: reach it with a client of your own');
  } catch (cause) {
    const trace = await traceOf(session, parts);
    await end(session, parts).catch((fault: unknown) =>
      parts.say(`  it could not be ended: ${messageOf(fault)}; its deadline or its game server will`),
    );
    throw new Error(`${messageOf(cause)}${trace}`, { cause });
  }
  await end(session, parts);
  parts.say(`  ended (${seconds()} s)`);
}

async function untilReady({ id, fleet, build, map }: SmokeSession, { allocator, now, signal }: SmokeParts): Promise<Allocation> {
  const session = { map, capacity: 1, data: { durationSeconds: 120, noShowSeconds: 60 } };
  const players = [{ id: playerOf({ id }) }];
  const body = { id, fleet, build, mode: 'smoke', session, players, deadlineSeconds: READY_SECONDS };
  const asked = await allocator.requestAllocation({ headers: { prefer: 'wait=20' }, body }, { signal });
  let allocation = asked.body;
  const until = now() + (READY_SECONDS + 10) * 1_000;
  while (allocation.state !== 'ready') {
    if (FINAL.includes(allocation.state))
      throw new Error(`the session is ${allocation.state}: ${allocation.reason ?? 'no reason is given'}`);
    if (now() > until) throw new Error(`the session is still ${allocation.state} after its deadline`);
    allocation = (await allocator.getAllocation({ params: { id }, query: { wait: 20 }, headers: {} }, { signal })).body;
  }
  return allocation;
}

async function end({ id }: SmokeSession, { allocator, now }: SmokeParts): Promise<void> {
  let { state } = (await allocator.cancelAllocation({ params: { id } })).body;
  const until = now() + END_MS;
  while (!FINAL.includes(state)) {
    if (now() > until) throw new Error(`the session is still ${state} a minute after it was ended`);
    ({ state } = (await allocator.getAllocation({ params: { id }, query: { wait: 10, from: state }, headers: {} })).body);
  }
}

async function traceOf({ id }: SmokeSession, { allocator }: SmokeParts): Promise<string> {
  try {
    return `\nIts decision trace: ${JSON.stringify((await allocator.traceAllocation({ params: { id } })).body)}`;
  } catch (cause) {
    return `\nIts decision trace cannot be had: ${messageOf(cause)}`;
  }
}

function playerOf({ id }: Pick<SmokeSession, 'id'>): string {
  return `player-of-${id}`;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
