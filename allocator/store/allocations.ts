/**
 * Allocations in MongoDB: the truth. Every move is one compare-and-set on one document, and carries its event.
 */
import { randomUUID } from 'node:crypto';
import type { Db, Filter, UpdateFilter } from 'mongodb';
import { AppError } from '../../contracts/app-error.ts';
import { type Documents, documentsOf, ensureIndexes, translated } from '../../runtime/documents/collection.ts';
import { AllocationDocument, isFinal, MAY_BECOME } from '../allocation.ts';
import type { AllocationState } from '../../contracts/allocator.ts';

type Doc = AllocationDocument;

/** What must still hold for a move, beside the state it comes from. */
export interface From {
  readonly uid: string;
  readonly state: AllocationState;
  readonly attempt: number;
  /** Where a worker holds it: nobody else may have taken it over. */
  readonly worker?: string;
}

export interface MoveTo {
  readonly state: AllocationState;
  readonly event: { readonly kind: string; readonly at: Date; readonly data?: Record<string, unknown> };
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
  /** The newest joinable session in which the player has a seat. */
  findSessionOf(playerId: string): Promise<Doc | undefined>;
  /** True when it still was as `from` says and now is as `to` says. @throws on a move that the state table forbids. */
  move(from: From, to: MoveTo): Promise<boolean>;
  /** Changes within a state. */
  amend(from: From, update: UpdateFilter<Doc>): Promise<boolean>;
  /** What is due, soonest first. */
  due(now: Date, limit: number): Promise<Pick<Doc, '_id'>[]>;
  /** How many stand before a place in line, counted up to `limit`. */
  countAhead(fleet: string, build: string, turn: number, limit: number): Promise<number>;
  /** Those who wait in line for a fleet, first in line first; those before `turn` where it is given. */
  line(fleet: string, build: string, limit: number, beforeTurn?: number): Promise<Doc[]>;
  /** Those with a game server bound in a cluster that are not done with it. */
  boundIn(cluster: string): Promise<Doc[]>;
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
    { key: { 'request.fleet': 1, state: 1, turn: 1 }, name: 'line' },
    { key: { 'seats.id': 1, state: 1 }, name: 'seats' },
    { key: { 'server.cluster': 1, state: 1 }, name: 'bound_live' },
    { key: { untoldSince: 1 }, name: 'untold' },
  ]);
  const first = async (filter: Filter<Doc>) => (await documents.list(filter, { limit: 1, sort: { createdAt: -1 } }))[0];
  return {
    documents,
    insert: async (document) => ((await documents.insert(document)).inserted ? 'inserted' : 'taken'),
    find: (uid) => documents.find(uid),
    findById: (id, client) => first(client === undefined ? { id } : { id, client }),
    findNewestOf: async (world) => (await documents.list({ 'request.session.world': world }, { limit: 1, sort: { worldSession: -1 } }))[0],
    findSessionOf: (playerId) => first({ 'seats.id': playerId, state: 'ready' }),
    move: (from, to) => documents.change(filterOf(from), updateOf(from, to)),
    amend: (from, update) => documents.change(filterOf(from), { ...update, $inc: { ...update.$inc, version: 1 } }),
    due: (now, limit) => documents.list({ nextActionAt: { $lte: now } }, { sort: { nextActionAt: 1 }, limit }),
    countAhead: (fleet, build, turn, limit) => translated(() => documents.raw.countDocuments(inLine(fleet, build, turn), { limit })),
    line: (fleet, build, limit, beforeTurn) => documents.list(inLine(fleet, build, beforeTurn), { sort: { turn: 1 }, limit }),
    boundIn: (cluster) => documents.list({ 'server.cluster': cluster, state: { $in: ['allocated', 'ready'] } }, { limit: 100_000 }),
  };
}

function inLine(fleet: string, build: string, beforeTurn: number | undefined): Filter<Doc> {
  return {
    'request.fleet': fleet,
    state: 'queued',
    'request.build': build,
    ...(beforeTurn === undefined ? {} : { turn: { $lt: beforeTurn } }),
  };
}

function filterOf({ uid, state, attempt, worker }: From): Filter<Doc> {
  return { _id: uid, state, attempt, ...(worker === undefined ? {} : { 'intent.worker': worker }) };
}

function updateOf(from: From, to: MoveTo): UpdateFilter<Doc> {
  if (!MAY_BECOME[from.state].includes(to.state))
    throw new AppError('internal', 'move_illegal', `an allocation cannot become ${to.state} from ${from.state}`);
  const final = isFinal(to.state) ? { endedAt: to.event.at } : {};
  const { decision, attemptTry } = to.push ?? {};
  return {
    $set: { state: to.state, untoldSince: to.event.at, ...final, ...to.set },
    $inc: { version: 1 },
    $push: {
      outbox: { id: randomUUID(), kind: to.event.kind, at: to.event.at, data: { state: to.state, ...to.event.data } },
      ...(decision === undefined ? {} : { decisions: { $each: [decision], $slice: -KEPT_DECISIONS } }),
      ...(attemptTry === undefined ? {} : { tries: { $each: [attemptTry], $slice: -KEPT_DECISIONS } }),
    },
  };
}
