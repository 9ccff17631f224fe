/**
 * A game server that knows more than the store, as after a restore of the database: its allocation is written anew from
 * what it carries, so that its players go on playing and its end is told.
 *
 * Whether its bridge had accepted cannot be known. It is taken to be ready: a bridge that had not claimed yet goes on
 * asking, gets the session, and accepts what is ready already; one whose server is dead is found by its cluster.
 */
import { createHash } from 'node:crypto';
import type { AllocationRequest } from '../../contracts/allocator.ts';
import { isFinal, newAllocation, type AllocationDocument, type BoundServer } from '../allocation.ts';
import type { AgonesCluster } from '../clusters/agones-cluster.ts';
import { isAlive, type GameServer } from '../clusters/game-server.ts';
import { readEssentials, type Essentials } from '../clusters/session-essentials.ts';
import { finish } from '../moves/finish.ts';
import type { MoveParts } from '../moves/parts.ts';
import { telling } from '../store/allocations.ts';
import { newPacketKey } from '../tickets/packet-key.ts';

export type Adoption =
  /** Written anew. */
  | 'adopted'
  /** What the store has of an earlier attempt was brought up to the server's. */
  | 'caught-up'
  /** Its world is played elsewhere: it has to go, as far as the brake lets it. */
  | 'superseded'
  /** The server or the store has changed meanwhile: the next round judges anew. */
  | 'changed';

export async function adopt(parts: MoveParts, cluster: AgonesCluster, seen: GameServer): Promise<Adoption> {
  const found = await cluster.look(seen.name);
  const server = found?.server;
  const isSame = server?.uid === seen.uid && server.allocationUid === seen.allocationUid && server.attempt === seen.attempt;
  if (found === undefined || server === undefined || !isSame || !isAlive(server)) return 'changed';
  const bound = boundOf(cluster, server, found.routingToken);
  const uid = server.allocationUid;
  if (bound === undefined || uid === undefined) return 'changed';
  const stored = await parts.allocations.find(uid);
  const essentials = readEssentials(found.session);
  if (stored === undefined) return adoptUnknown(parts, uid, essentials ?? bareEssentials(server, uid), bound);
  if (stored.attempt >= bound.attempt) return 'changed';
  return catchUp(parts, stored, bound, essentials?.epoch ?? null);
}

async function adoptUnknown(parts: MoveParts, uid: string, essentials: Essentials, server: BoundServer): Promise<Adoption> {
  const { world } = essentials.request.session;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const newest = world === undefined ? undefined : await parts.allocations.findNewestOf(world);
    if (newest !== undefined && !(await yields(parts, newest, essentials.epoch, server.attempt))) return 'superseded';
    const holder = await parts.allocations.findById(essentials.request.id, essentials.client);
    const id = holder === undefined || holder._id === uid ? essentials.request.id : idBeside(essentials.request.id, uid);
    const now = new Date(parts.now());
    const made: AllocationDocument = {
      ...newAllocation({
        uid,
        client: essentials.client,
        fingerprint: essentials.fingerprint,
        request: { ...essentials.request, id },
        now: new Date(essentials.createdAt),
        worldSession: world === undefined ? 0 : (newest?.worldSession ?? 0) + 1,
        traceparent: essentials.traceparent,
        newPacketKey,
      }),
      ...playing(server, essentials.epoch, now),
      ...telling({ kind: 'ready', at: now, data: toldOf(server) }).$set,
      outbox: [telling({ kind: 'ready', at: now, data: toldOf(server) }).$push.outbox],
    };
    if ((await parts.allocations.insert(made)) === 'inserted') return 'adopted';
    if ((await parts.allocations.find(uid)) !== undefined) return 'changed';
  }
  return 'changed';
}

/** Whatever the store had come to, the server has come further, with the same client, id and seats. */
async function catchUp(parts: MoveParts, stored: AllocationDocument, server: BoundServer, epoch: number | null): Promise<Adoption> {
  const { world } = stored.request.session;
  if (world !== undefined && !(await mayGoOn(parts, stored, world, epoch, server.attempt))) return 'superseded';
  const now = new Date(parts.now());
  const told = telling({ kind: 'ready', at: now, data: toldOf(server) });
  const changed = await parts.allocations.documents.change(
    { _id: stored._id, state: stored.state, attempt: stored.attempt },
    { ...told, $set: { ...told.$set, ...playing(server, epoch, now), ...ALIVE, resumes: stored.request.resume === true } },
  );
  if (!changed) return 'changed';
  parts.changed(stored._id);
  if (world === undefined || !isFinal(stored.state)) return 'caught-up';
  // Its key of the world was free to follow while it was final: whoever followed meanwhile has the world.
  const newest = await parts.allocations.findNewestOf(world);
  const present = await parts.allocations.find(stored._id);
  if (newest?._id === stored._id || present === undefined) return 'caught-up';
  await finish(parts, present, 'lost', 'the world is played elsewhere', new Date(parts.now()), { resumes: false });
  return 'changed';
}

/** True when the world is free for this server, or was made so. */
async function mayGoOn(parts: MoveParts, stored: AllocationDocument, world: string, epoch: number | null, attempt: number) {
  const newest = await parts.allocations.findNewestOf(world);
  if (newest === undefined || newest._id === stored._id) return true;
  // A later session of the world has been and gone: its number cannot be taken back.
  return isFinal(newest.state) ? false : yields(parts, newest, epoch, attempt);
}

/**
 * Of two servers of one world the one with the later lease of it stays, then the one with the higher attempt. A session
 * without a server will take a later lease than any that exists.
 */
async function yields(parts: MoveParts, live: AllocationDocument, epoch: number | null, attempt: number): Promise<boolean> {
  if (isFinal(live.state)) return true;
  if (live.state !== 'ready' || live.worldEpoch === null || epoch === null) return false;
  const isLater = epoch - live.worldEpoch || attempt - live.attempt;
  if (isLater <= 0) return false;
  await finish(parts, live, 'lost', 'another game server holds its world by a later lease', new Date(parts.now()), { resumes: false });
  return true;
}

function playing(server: BoundServer, worldEpoch: number | null, now: Date): Partial<AllocationDocument> {
  return {
    state: 'ready',
    attempt: server.attempt,
    bound: 1,
    server,
    worldEpoch,
    intent: null,
    leaseUntil: null,
    nextActionAt: null,
    readyAt: now,
    adoptedAt: now,
  };
}

function toldOf(server: BoundServer): Record<string, unknown> {
  return { state: 'ready', attempt: server.attempt, adopted: true, cluster: server.cluster, gameServer: server.gameServer };
}

function boundOf({ config }: AgonesCluster, server: GameServer, routingToken: string | undefined): BoundServer | undefined {
  const { attempt, port } = server;
  if (attempt === undefined || port === undefined || server.address === '') return undefined;
  return {
    cluster: config.name,
    region: config.region,
    namespace: config.namespace,
    gameServer: server.name,
    gameServerUid: server.uid,
    attempt,
    address: { host: server.address, port },
    // One that carries no token is not known to the edge, and one whose edge is gone is reached as it is.
    ...(config.udpEdge === undefined || routingToken === undefined ? {} : { edge: { address: config.udpEdge, routingToken } }),
  };
}

/** The server carries no more than its marks: of an older build, or its annotation was cut off. Its client is not known. */
function bareEssentials(server: GameServer, uid: string): Essentials {
  const request: AllocationRequest = {
    id: server.allocationId ?? uid,
    fleet: server.fleet,
    build: server.build,
    mode: 'unknown',
    session: { map: 'unknown', capacity: 1, spectators: 0, data: {} },
    players: [],
    regions: [],
    latencyPolicy: { steps: [], then: 'any' },
    priority: 5,
    deadlineSeconds: 60,
  };
  const createdAt = new Date(0).toISOString();
  return { client: 'adopted', fingerprint: '', createdAt, epoch: null, traceparent: '', request, cut: ['data', 'players'] };
}

/** What a final state had set. */
const ALIVE = { reason: null, endedAt: null, cancelTo: null } as const;
const TRIES = 10;
const ID_LENGTH = 128;

/** Its own id was given to another allocation meanwhile: it is kept beside that one, to play to its end. */
function idBeside(id: string, uid: string): string {
  const mark = `.adopted-${createHash('sha256').update(uid).digest('hex').slice(0, 12)}`;
  return `${id.slice(0, ID_LENGTH - mark.length)}${mark}`;
}
