/**
 * Allocations in MongoDB: the truth. Every move is one compare-and-set on one document, and carries its event.
 */
import { randomUUID } from 'node:crypto';
import type { Db, Filter, UpdateFilter } from 'mongodb';
import { AppError } from '../../contracts/app-error.ts';
import { type Documents, documentsOf, ensureIndexes } from '../../runtime/documents/collection.ts';
import { AllocationDocument, isFinal, MAY_BECOME } from '../allocation.ts';
import type { AllocationState } from '../../contracts/allocator.ts';
import { LINE_INDEX, openLine, type Line } from './line.ts';
import { worstLatenciesOf } from '../placement/wish.ts';
import type { Kick } from '../kicks.ts';
import { playersOf } from '../seats.ts';
import type { EventKind } from '../../contracts/allocator-api/event.ts';

type Doc = AllocationDocument;

/** What must still hold for a move, beside the state it comes from. */
export interface From {
  readonly uid: string;
  readonly state: AllocationState;
  readonly attempt: number;
  /** Where a worker holds it: nobody else may have taken it over. */
  readonly worker?: string;
}

/** What a write tells the world; it goes into the outbox with the write. No tickets and no keys: every reader of events sees it. */
export interface Told {
  readonly kind: EventKind;
  readonly at: Date;
  readonly data?: Record<string, unknown>;
}

export interface MoveTo {
  readonly state: AllocationState;
  readonly event: Told;
  readonly set?: Partial<Doc>;
  readonly push?: { readonly decision?: Doc['decisions'][number]; readonly attemptTry?: Doc['tries'][number] };
}

export interface Allocations {
  /** `taken`: the id, or the live key, belongs to another; look again with `findById` or `findNewestOf`. */
  insert(document: Doc): Promise<'inserted' | 'taken'>;
  find(uid: string): Promise<Doc | undefined>;
  /** By the client's id; without a client, whoever's it is. */
  findById(id: string, client: string | undefined): Promise<Doc | undefined>;
  /** The newest session of a world, live or not. */
  findNewestOf(world: string): Promise<Doc | undefined>;
  /** The joinable sessions in which the player has a seat. */
  findSessionsOf(playerId: string): Promise<Doc[]>;
  /** True when it still was as `from` says and now is as `to` says. @throws on a move that the state table forbids. */
  move(from: From, to: MoveTo): Promise<boolean>;
  /** Changes within a state. The version counts up only where a reader of the allocation could see the change. */
  amend(from: From, update: UpdateFilter<Doc>): Promise<boolean>;
  /** Other seats than were read, when nothing was written since. @param kicks where they are others than were read. */
  reseat(
    read: Pick<Doc, '_id' | 'version' | 'request'>,
    seats: readonly Doc['seats'][number][],
    told: Told,
    kicks?: readonly Kick[],
  ): Promise<boolean>;
  /** Those that are placed, and whose game servers have players to drop. */
  kicking(): Promise<Doc[]>;
  /** What is due, soonest first. */
  due(now: Date, limit: number): Promise<Pick<Doc, '_id'>[]>;
  readonly line: Line;
  /** Calls back after each move and insert of this process. */
  onMoved(tell: (uid: string) => void): void;
  readonly documents: Documents<Doc>;
}

/** Bounds of the decision trace. */
export const KEPT_DECISIONS = 20;

export async function openAllocations(db: Db): Promise<Allocations> {
  const documents = documentsOf<Doc>(db, 'allocations', AllocationDocument);
  await ensureIndexes(documents, [
    { key: { client: 1, id: 1 }, unique: true, name: 'client_id' },
    { key: { id: 1 }, name: 'id' },
    { key: { liveKey: 1 }, unique: true, name: 'live' },
    { key: { 'request.session.world': 1, worldSession: -1 }, name: 'world' },
    { key: { nextActionAt: 1 }, name: 'due' },
    LINE_INDEX,
    { key: { 'seats.id': 1, state: 1 }, name: 'seats' },
    { key: { 'server.cluster': 1, state: 1 }, name: 'bound_live' },
    { key: { untoldSince: 1 }, name: 'untold' },
    { key: { kickedAt: -1 }, name: 'kicked', sparse: true },
    { key: { state: 1, deadlineAt: 1 }, name: 'late' },
    { key: { createdAt: -1, _id: -1 }, name: 'newest' },
    { key: { client: 1, createdAt: -1, _id: -1 }, name: 'client_newest' },
    { key: { state: 1, createdAt: -1, _id: -1 }, name: 'state_newest' },
    { key: { 'request.fleet': 1, createdAt: -1, _id: -1 }, name: 'fleet_newest' },
    { key: { 'server.cluster': 1, createdAt: -1, _id: -1 }, name: 'cluster_newest' },
  ]);
  const listeners: ((uid: string) => void)[] = [];
  const tellOf = <R>(uid: string, outcome: R): R => {
    for (const tell of listeners) tell(uid);
    return outcome;
  };
  const first = async (filter: Filter<Doc>) => (await documents.list(filter, { limit: 1, sort: { createdAt: -1 } }))[0];
  return {
    documents,
    onMoved: (tell) => void listeners.push(tell),
    insert: async (document) => ((await documents.insert(document)).inserted ? tellOf(document._id, 'inserted') : 'taken'),
    find: (uid) => documents.find(uid),
    findById: (id, client) => first(client === undefined ? { id } : { id, client }),
    findNewestOf: async (world) => (await documents.list({ 'request.session.world': world }, { limit: 1, sort: { worldSession: -1 } }))[0],
    findSessionsOf: (playerId) => documents.list({ 'seats.id': playerId, state: 'ready' }, { limit: 100 }),
    reseat: async ({ _id, version, request }, seats, told, kicks) => {
      const { $set: set, ...rest } = telling(told);
      const newest = kicks?.at(-1)?.at;
      const $set = kicks === undefined ? set : { ...set, kicks: [...kicks], ...(newest === undefined ? {} : { kickedAt: newest }) };
      if (kicks !== undefined && newest === undefined) Object.assign(rest, { $unset: { kickedAt: true } });
      return (
        (await documents.change(
          { _id, version },
          { $set: { ...$set, seats: [...seats], worstLatencies: worstLatenciesOf(playersOf({ request, seats: [...seats] })) }, ...rest },
        )) && tellOf(_id, true)
      );
    },
    kicking: () => documents.list({ kickedAt: { $gt: new Date(0) }, state: { $in: ['allocated', 'ready'] } }, { sort: { kickedAt: -1 } }),
    move: async (from, to) => (await documents.change(filterOf(from), updateOf(from, to))) && tellOf(from.uid, true),
    amend: (from, update) =>
      documents.change(filterOf(from), isSeen(update) ? { ...update, $inc: { ...update.$inc, version: 1 } } : update),
    due: (now, limit) => documents.list({ nextActionAt: { $lte: now } }, { sort: { nextActionAt: 1 }, limit }),
    line: openLine(documents),
  };
}

function filterOf({ uid, state, attempt, worker }: From): Filter<Doc> {
  return { _id: uid, state, attempt, ...(worker === undefined ? {} : { 'intent.worker': worker }) };
}

/** Fields of our own book-keeping and of the trace: an allocation whose entity tag is the same may differ in them. */
const UNSEEN = new Set(['nextActionAt', 'leaseUntil', 'decisions', 'tries', 'rejections']);

function isSeen(update: UpdateFilter<Doc>): boolean {
  return Object.values(update).some((fields) => Object.keys(fields ?? {}).some((path) => !UNSEEN.has(path.split('.')[0] ?? '')));
}

/** The part of an update that tells of it: spread it into a write of your own (`$set`, `$inc` and `$push` have to be merged). */
export function telling({ kind, at, data }: Told): { $set: Partial<Doc>; $inc: { version: 1 }; $push: { outbox: Doc['outbox'][number] } } {
  return { $set: { untoldSince: at }, $inc: { version: 1 }, $push: { outbox: { id: randomUUID(), kind, at, data: { ...data } } } };
}

function updateOf(from: From, to: MoveTo): UpdateFilter<Doc> {
  if (!MAY_BECOME[from.state].includes(to.state))
    throw new AppError('internal', 'move_illegal', `an allocation cannot become ${to.state} from ${from.state}`);
  const final = isFinal(to.state) ? { endedAt: to.event.at } : {};
  const { decision, attemptTry } = to.push ?? {};
  const told = telling({ ...to.event, data: { state: to.state, attempt: to.set?.attempt ?? from.attempt, ...to.event.data } });
  return {
    $set: { ...told.$set, state: to.state, inLine: to.state === 'queued' || to.state === 'placing', ...final, ...to.set },
    $inc: told.$inc,
    $push: {
      ...told.$push,
      ...(decision === undefined ? {} : { decisions: { $each: [decision], $slice: -KEPT_DECISIONS } }),
      ...(attemptTry === undefined ? {} : { tries: { $each: [attemptTry], $slice: -KEPT_DECISIONS } }),
    },
  };
}
