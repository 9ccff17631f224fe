/**
 * The allocation: what is kept of it, its states and every legal change. Pure.
 *
 *            ┌───────────────(no capacity, doubt settled)──────────────┐
 *            ▼                                                         │
 *   ●──▶ queued ──▶ placing ──▶ allocated ──▶ ready ──▶ ended | lost   │
 *          │  ▲        │ └──────────┼─────────────────────────────────-┘
 *          │  └─(died, refused, never accepted)┘
 *          └──▶ cancelled | expired | failed ◀── cancelling ◀── placing, allocated
 */
import { z } from 'zod';
import { AllocationRequest, AllocationState, AttemptCrash, Decision, PlacementTry, SeatRole } from '../contracts/allocator.ts';
import { Latencies } from '../contracts/words.ts';
import { EdgeWay } from './clusters/udp-edge.ts';
import { Kick } from './kicks.ts';
import { poolOf } from './placement/pool.ts';
import { worstLatenciesOf } from './placement/wish.ts';
import { traceIdOf } from '../runtime/trace-context.ts';

const Moment = z.date();

/** The game server that an attempt won. */
export const BoundServer = z.object({
  cluster: z.string(),
  region: z.string(),
  namespace: z.string(),
  gameServer: z.string(),
  /** Absent only until the cluster was asked for it. */
  gameServerUid: z.string().optional(),
  attempt: z.int(),
  address: z.object({ host: z.string(), port: z.int() }),
  /** Where its players go through an edge. */
  edge: EdgeWay.optional(),
});
export type BoundServer = z.infer<typeof BoundServer>;

/** What a worker is about to ask, written before it asks. */
export const Intent = z.object({
  cluster: z.string(),
  attempt: z.int(),
  worker: z.string(),
  startedAt: Moment,
  /** Where the cluster has an edge: the server that this attempt wins carries its token. */
  edge: EdgeWay.optional(),
});
export type Intent = z.infer<typeof Intent>;

/** A seat as kept: its packet key is made with it and lives as long. */
export const KeptSeat = z.object({
  id: z.string(),
  role: SeatRole,
  packetKey: z.string(),
  /** Keys of the ids that stand for it (`keyOfId`): it is freed with the last of them. */
  by: z.array(z.string()),
  at: Moment,
  /** Of who came later; those of the request are in the request. */
  latencies: Latencies.optional(),
});
export type KeptSeat = z.infer<typeof KeptSeat>;

/** In the order of the moves; `id` lets a reader drop what it has seen. */
export const OutboxEvent = z.object({ id: z.string(), kind: z.string(), at: Moment, data: z.record(z.string(), z.unknown()) });
export type OutboxEvent = z.infer<typeof OutboxEvent>;

export const AllocationDocument = z.object({
  /** The uid: unique over all clients and all time, fits a Kubernetes label. */
  _id: z.string(),
  /** Whose `id` it is: the token's subject. */
  client: z.string(),
  id: z.string(),
  /** Digest of the request; the same id with another one is a conflict. */
  fingerprint: z.string(),
  request: AllocationRequest,
  seats: z.array(KeptSeat),
  /** Whom their game server has to drop, the oldest first. */
  kicks: z.array(Kick).optional(),
  /** When the newest of them was; absent where there are none. */
  kickedAt: Moment.optional(),
  state: AllocationState,
  /** The attempt that is bound or being made; counts up whenever one was bound or left in doubt. */
  attempt: z.int(),
  /** Attempts that bound a server; after MAX_BOUND the allocation fails. */
  bound: z.int(),
  createdAt: Moment,
  deadlineAt: Moment,
  /** Place in line: smaller goes first. See `turnOf`. */
  turn: z.number(),
  /** The line that it stands in. See `placement/pool.ts`. */
  pool: z.string(),
  /** Queued or being placed. */
  inLine: z.boolean(),
  /** Until then it can take no server, and keeps none from those behind it. */
  onHoldUntil: Moment.nullable(),
  /** Region → the worst player's round-trip time, in milliseconds: of the request. */
  worstLatencies: z.record(z.string(), z.number()),
  /** When something is due; null once final and its server is gone. */
  nextActionAt: Moment.nullable(),
  leaseUntil: Moment.nullable(),
  intent: Intent.nullable(),
  server: BoundServer.nullable(),
  /** Unique over the collection and never changed: the n-th session of a world, else the uid. See `liveKeyOf`. */
  liveKey: z.string(),
  /** Counts the sessions of a world, from 1; 0 where no world is played. */
  worldSession: z.int(),
  /** Epoch of the world lease that the present attempt was given. */
  worldEpoch: z.int().nullable(),
  claimedAt: Moment.nullable(),
  readyAt: Moment.nullable(),
  endedAt: Moment.nullable(),
  reason: z.string().nullable(),
  /** Where `cancelling` leads. */
  cancelTo: z.enum(['cancelled', 'expired']).nullable(),
  decisions: z.array(Decision),
  tries: z.array(PlacementTry),
  rejections: z.record(z.string(), z.int()),
  /** One a bound server at most, as their bridges told. */
  crashes: z.array(AttemptCrash).default([]),
  outbox: z.array(OutboxEvent),
  /** Since when the outbox holds what the event log has not; null while it is empty. */
  untoldSince: Moment.nullable(),
  /** Counts every write that a reader of the allocation could see: the entity tag. */
  version: z.int(),
  /** W3C traceparent of the request, handed on to whatever follows from it. */
  traceparent: z.string(),
  /** It is lost and its world has to go on: its turn makes the next allocation. */
  resumes: z.boolean().default(false),
  /** Id of the allocation in which its world goes on. */
  resumedAs: z.string().nullable().default(null),
  /** Where it is such a next one: the first one's id, the lost one's, how many there were since the first, and in a row. */
  resumed: z.object({ first: z.string(), from: z.string(), number: z.int(), inRow: z.int() }).nullable().default(null),
  /** When it was written anew from what its game server carries. */
  adoptedAt: Moment.nullable().default(null),
});
export type AllocationDocument = z.infer<typeof AllocationDocument>;

type State = AllocationState;

/** State → what it may become. The only place that says so. */
export const MAY_BECOME: Readonly<Record<State, readonly State[]>> = {
  queued: ['placing', 'cancelled', 'expired', 'failed'],
  placing: ['allocated', 'queued', 'cancelling', 'failed'],
  allocated: ['ready', 'queued', 'cancelling', 'failed'],
  ready: ['ended', 'lost'],
  cancelling: ['cancelled', 'expired'],
  ended: [],
  lost: [],
  failed: [],
  cancelled: [],
  expired: [],
};

/** Where players send to: the edge before the server, where there is one. */
export function playersAddressOf({ edge, address }: BoundServer): BoundServer['address'] {
  return edge?.address ?? address;
}

export function isFinal(state: State): boolean {
  return MAY_BECOME[state].length === 0;
}

/** Answers to a caller who holds the line: nothing more will come, or the players may go. */
export function isSettled(state: State): boolean {
  return state === 'ready' || isFinal(state);
}

/** A crashing map must not eat a fleet: after this many bound servers the allocation fails. */
export const MAX_BOUND = 3;

/** One point of priority is worth this much waiting, in milliseconds: so priority rises with age, and nobody starves. */
const PRIORITY_WORTH_MS = 10_000;

/** What every log line about an allocation says of it. */
export function aboutOf({ id, traceparent }: Pick<AllocationDocument, 'id' | 'traceparent'>): {
  readonly allocationId: string;
  readonly traceId: string | undefined;
} {
  return { allocationId: id, traceId: traceIdOf(traceparent) };
}

/** Place in line. Fixed at the start, since everybody ages equally fast. */
export function turnOf(createdAtMs: number, priority: number): number {
  return createdAtMs - priority * PRIORITY_WORTH_MS;
}

/**
 * What makes a world live once at most: the n-th session may be stored only by whoever saw that the one before it is
 * final, and of several who saw it the unique index lets one through. Nothing has to be freed when a session ends.
 */
export function liveKeyOf(uid: string, world: string | undefined, worldSession: number): string {
  return world === undefined ? `uid:${uid}` : `world:${world}#${worldSession}`;
}

/** What an id is known by among the ids of all clients. An id holds no slash. */
export function keyOfId(client: string, id: string): string {
  return `${client}/${id}`;
}

/** A canonical text of a request: the same fields give the same text, in whatever order they were sent. */
export function canonicalRequest(request: AllocationRequest): string {
  // Not wishing to resume is what nothing said means.
  return JSON.stringify(sorted({ ...request, resume: request.resume === true ? true : undefined }));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, sorted(inner)]));
}

export interface Seed {
  readonly uid: string;
  readonly client: string;
  readonly fingerprint: string;
  readonly request: AllocationRequest;
  readonly now: Date;
  /** Which session of its world this will be; 0 where no world is played. */
  readonly worldSession: number;
  readonly traceparent: string;
  /** One fresh AES-256 key, base64url, per call. */
  readonly newPacketKey: () => string;
}

export function newAllocation({
  uid,
  client,
  fingerprint,
  request,
  now,
  worldSession,
  traceparent,
  newPacketKey,
}: Seed): AllocationDocument {
  return {
    _id: uid,
    client,
    id: request.id,
    fingerprint,
    request,
    seats: request.players.map(({ id, role }) => ({ id, role, packetKey: newPacketKey(), by: [keyOfId(client, request.id)], at: now })),
    state: 'queued',
    attempt: 0,
    bound: 0,
    createdAt: now,
    deadlineAt: new Date(now.getTime() + request.deadlineSeconds * 1_000),
    turn: turnOf(now.getTime(), request.priority),
    pool: poolOf(request).line,
    inLine: true,
    onHoldUntil: null,
    worstLatencies: worstLatenciesOf(request.players),
    nextActionAt: now,
    leaseUntil: null,
    intent: null,
    server: null,
    liveKey: liveKeyOf(uid, request.session.world, worldSession),
    worldSession,
    worldEpoch: null,
    claimedAt: null,
    readyAt: null,
    endedAt: null,
    reason: null,
    cancelTo: null,
    decisions: [],
    tries: [],
    rejections: {},
    crashes: [],
    outbox: [{ id: `${uid}:1`, kind: 'queued', at: now, data: { state: 'queued' } }],
    untoldSince: now,
    version: 1,
    traceparent,
    resumes: request.resume === true,
    resumedAs: null,
    resumed: null,
    adoptedAt: null,
  };
}
