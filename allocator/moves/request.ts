/** ● → queued: an allocation is asked for, once per id. */
import { createHash, randomBytes } from 'node:crypto';
import { AppError } from '../../contracts/app-error.ts';
import { buildClosed, type ClosedBuild } from '../../contracts/build-closed.ts';
import type { AllocationRequest } from '../../contracts/allocator.ts';
import { aboutOf, canonicalRequest, isFinal, keyOfId, newAllocation, type AllocationDocument } from '../allocation.ts';
import { holdsSeats, type NoRoom } from '../seats.ts';
import type { AliasDocument, Aliases } from '../store/aliases.ts';
import type { MoveParts } from './parts.ts';
import type { Seats } from './seat.ts';
import { newPacketKey } from '../tickets/packet-key.ts';

export interface Requested {
  readonly kind: 'made' | 'known';
  readonly allocation: AllocationDocument;
  /** Present where the world is live already: this id joined that session. */
  readonly alias?: AliasDocument;
}

/** Racing ids of one world take turns: each round one of them gets through. */
const TRIES = 20;

export interface RequestParts extends MoveParts {
  readonly aliases: Aliases;
  readonly seats: Seats;
}

/** Who asks for what, once. */
interface Asked {
  readonly client: string;
  /** See `keyOfId`. */
  readonly key: string;
  readonly fingerprint: string;
  readonly request: AllocationRequest;
  readonly traceparent: string;
}

/** @throws AppError `conflict` when the id was used with other fields, the live world has no free seats, or the build is closed. */
export async function request(parts: RequestParts, client: string, body: AllocationRequest, traceparent: string): Promise<Requested> {
  const fingerprint = createHash('sha256').update(canonicalRequest(body)).digest('base64url');
  const asked: Asked = { client, key: keyOfId(client, body.id), fingerprint, request: body, traceparent };
  const { world } = body.session;
  for (let tries = 0; tries < TRIES; tries += 1) {
    // Before the look at the id: what has been stored under it by then is answered all the same.
    const closed = await parts.builds.closedNow(body);
    // Before the look at the id: what this id joined while an earlier session was live is then found below.
    const newest = world === undefined ? undefined : await parts.allocations.findNewestOf(world);
    const before = await earlier(parts, asked, tries > 0 || closed !== undefined);
    if (before !== undefined && before.kind !== 'joining') return before;
    const isLive = newest !== undefined && !isFinal(newest.state);
    // Whoever has that build may come to a session that runs on it.
    if (closed !== undefined && !(isLive && newest.request.build === body.build)) throw refused(parts, closed);
    const done = isLive ? await join(parts, asked, newest, before?.alias) : await make(parts, asked, newest, before?.alias);
    if (done !== undefined) return done;
  }
  throw worldChanging();
}

/** What this id stands for already, if anything. @throws AppError `conflict` when it was asked for with other fields. */
async function earlier(
  parts: RequestParts,
  asked: Asked,
  isLookedFor: boolean,
): Promise<Requested | { kind: 'joining'; alias: AliasDocument } | undefined> {
  const { client, key, request: body } = asked;
  // Nearly always there is neither; where no world is played, the insert itself says whether there is an allocation.
  const mayBeMade = isLookedFor || body.session.world !== undefined;
  const [same, alias] = await Promise.all([mayBeMade ? parts.allocations.findById(body.id, client) : undefined, parts.aliases.find(key)]);
  const had = (same ?? alias)?.fingerprint;
  if (had === undefined) return undefined;
  if (had !== asked.fingerprint)
    throw new AppError('conflict', 'allocation_differs', `${body.id} was asked for before with other fields; use another id`);
  if (same !== undefined) return { kind: 'known', allocation: same };
  if (alias === undefined) return undefined;
  const target = await parts.allocations.find(alias.target);
  if (target === undefined) throw new AppError('internal', 'alias_dangling', `${body.id} stands for an allocation that is not there`);
  const holds = holdsSeats(target.seats, key);
  // Whoever seated the party died before it could say so.
  if (alias.state === 'joining' && holds) await parts.aliases.enter(alias, 'joined');
  else if (alias.state === 'joining') return { kind: 'joining', alias };
  // It was told to leave while its party was being seated.
  if (alias.state === 'left' && holds) await parts.seats.leaveParty(target._id, key);
  return { kind: 'known', allocation: target, alias };
}

/** The world is live: the id becomes an alias of its session. `undefined`: things have changed, look again. */
async function join(
  parts: RequestParts,
  { client, key, fingerprint, request: body }: Asked,
  live: AllocationDocument,
  known: AliasDocument | undefined,
): Promise<Requested | undefined> {
  if (live.request.build !== body.build) throw worldElsewhere(body, live);
  const alias: AliasDocument = known ?? { _id: key, id: body.id, client, fingerprint, target: live._id, state: 'joining' };
  if (known === undefined && !(await parts.aliases.insert(alias))) return undefined;
  if (alias.target !== live._id) return void (await parts.aliases.aim(alias, live._id));
  const outcome = await parts.seats.take(live._id, { by: key, players: body.players });
  if (outcome.kind === 'full') throw worldFull(body, outcome);
  if (outcome.kind === 'over') {
    if (outcome.allocation?.state === 'cancelling') throw worldChanging();
    return undefined;
  }
  const isEntered = await parts.aliases.enter(alias, 'joined');
  return isEntered ? { kind: 'known', allocation: outcome.allocation, alias } : undefined;
}

/** `undefined`: things have changed, look again. */
async function make(
  parts: RequestParts,
  { client, fingerprint, request: body, traceparent }: Asked,
  newest: AllocationDocument | undefined,
  alias: AliasDocument | undefined,
): Promise<Requested | undefined> {
  // The session that this id wanted to join is over without it: from now on nobody may seat its party there.
  if (alias !== undefined && !(await parts.aliases.remove(alias))) return undefined;
  const made = newAllocation({
    uid: randomBytes(16).toString('hex'),
    client,
    fingerprint,
    request: body,
    // Later than the world's session before, whatever the clocks of two processes say: saves goes by it.
    now: new Date(Math.max(parts.now(), newest === undefined ? 0 : newest.createdAt.getTime() + 1)),
    worldSession: body.session.world === undefined ? 0 : (newest?.worldSession ?? 0) + 1,
    traceparent,
    newPacketKey,
  });
  // Taken: the same id came in between, or another id took the world's next session.
  if ((await parts.allocations.insert(made)) === 'taken') return undefined;
  parts.metrics.entered('queued');
  parts.log.info('queued', { ...aboutOf(made), client, players: made.seats.length });
  return { kind: 'made', allocation: made };
}

function refused(parts: RequestParts, closed: ClosedBuild): AppError {
  parts.metrics.buildClosed('refused');
  return buildClosed(closed);
}

function worldFull({ session }: AllocationRequest, { wanted, free, room, role }: NoRoom): AppError {
  const what = `the world ${session.world} is live and has ${free} of ${room} ${role} seats free; ${wanted} were asked for`;
  return new AppError('conflict', 'world_full', `${what}. Ask again when players have left`);
}

/** A server admits only players who have its build. */
function worldElsewhere({ session, build }: AllocationRequest, live: AllocationDocument): AppError {
  const what = `the world ${session.world} is live on build ${live.request.build}, and ${build} was asked for`;
  return new AppError(
    'conflict',
    'world_on_other_build',
    `${what}. Ask again when that session is over: the next one runs on what is asked for`,
  );
}

function worldChanging(): AppError {
  return new AppError('unavailable', 'world_changing', 'the world keeps changing hands; ask again', { retryAfter: 1 });
}
