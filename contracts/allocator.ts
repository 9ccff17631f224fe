/** What the allocator's API speaks of; the endpoints are in `allocator-api.ts`. */
import { z } from 'zod';
import { Crash } from './crash.ts';
import { GameJson } from './game-json.ts';
import { Notices } from './notices.ts';
import { serverFaults, serverFields, ServerSelector } from './server-selectors.ts';
import { Address, Build, ClientId, Instant, JsonWebKeySet, KubeName, Latencies, PlayerId, TraceId, Uid, WorldId } from './words.ts';

export const AllocationState = z
  .enum(['queued', 'placing', 'allocated', 'ready', 'cancelling', 'ended', 'lost', 'failed', 'cancelled', 'expired'])
  .meta({ id: 'AllocationState' });
export type AllocationState = z.infer<typeof AllocationState>;

export const SeatRole = z.enum(['player', 'spectator']);

export const SessionPlayer = z.object({
  id: PlayerId,
  role: SeatRole.default('player'),
  latencies: Latencies.default({}),
});
export type SessionPlayer = z.infer<typeof SessionPlayer>;

const KIB = 1024;

export const Session = z
  .object({
    map: z.string().min(1).max(256),
    world: WorldId.optional().describe('The persistent world that is played; it is live once at most'),
    data: GameJson.default({})
      .refine((data) => new TextEncoder().encode(JSON.stringify(data)).length <= 8 * KIB, 'at most 8 KiB as JSON')
      .describe('Handed to the game server as it is; at most 8 KiB as JSON'),
    capacity: z.int().min(1).max(1_000).describe('Seats for players'),
    spectators: z.int().min(0).max(1_000).default(0).describe('Seats for spectators'),
  })
  .meta({ id: 'Session' });
export type Session = z.infer<typeof Session>;

export const LatencyPolicy = z
  .object({
    steps: z
      .array(z.object({ maxMs: z.number().positive(), forSeconds: z.number().positive() }))
      .max(10)
      .default([]),
    then: z.enum(['any', 'fail']).default('any'),
  })
  .meta({ id: 'LatencyPolicy', description: 'Limits for the worst player that relax as the request ages' });
export type LatencyPolicy = z.infer<typeof LatencyPolicy>;

/** What is asked for. Two requests with one id must agree in all of it. */
export const AllocationRequest = z
  .object({
    id: ClientId.describe('Chosen by you; sending it again gives the same allocation'),
    fleet: KubeName.optional().describe('The fleet by name, in every cluster that has it, whichever of its builds; or give selectors'),
    ...serverFields,
    build: Build,
    mode: z.string().min(1).max(63),
    session: Session,
    players: z.array(SessionPlayer).max(1_000),
    regions: z.array(KubeName).max(50).default([]).describe('Allowed regions; empty means any'),
    latencyPolicy: LatencyPolicy.default({ steps: [], then: 'any' }),
    priority: z.int().min(0).max(9).default(5).describe('9 goes first'),
    deadlineSeconds: z.number().min(1).max(600).default(60).describe('Until the session must be ready'),
    resume: z
      .boolean()
      .optional()
      .describe('When the game server of the world dies, the world goes on by itself in a next allocation; see `resumedAs`'),
    expectedSeconds: z
      .int()
      .min(1)
      .max(7 * 24 * 3_600)
      .optional()
      .describe('How long it will be played: it is not placed where a maintenance window begins before that'),
  })
  .superRefine((request, context) => {
    for (const fault of serverFaults(request)) context.addIssue({ code: 'custom', ...fault });
    if (request.resume === true && request.session.world === undefined)
      context.addIssue({ code: 'custom', path: ['resume'], message: 'only a session with a world can resume: name session.world' });
    const ids = new Set(request.players.map((player) => player.id));
    if (ids.size < request.players.length) context.addIssue({ code: 'custom', path: ['players'], message: 'name each player once' });
    for (const [role, room] of [
      ['player', request.session.capacity],
      ['spectator', request.session.spectators],
    ] as const) {
      const asked = request.players.filter((player) => player.role === role).length;
      if (asked > room)
        context.addIssue({ code: 'custom', path: ['players'], message: `${asked} as ${role}, but the session has ${room} such seats` });
    }
  })
  .meta({ id: 'AllocationRequest' });
export type AllocationRequest = z.infer<typeof AllocationRequest>;

/** What one player needs to join: the ticket is shown to the server, the key encrypts the packets. */
export const Admission = z
  .object({
    playerId: PlayerId,
    joinTicket: z.string(),
    packetKey: z.string().describe('AES-256 key, base64url'),
    routingToken: z
      .string()
      .optional()
      .describe(
        '16 bytes, base64url. Where present, `address` is an edge: it drops each datagram that does not end with these bytes and one zero byte',
      ),
  })
  .meta({ id: 'Admission' });
export type Admission = z.infer<typeof Admission>;

export const Allocation = z
  .object({
    id: ClientId,
    uid: Uid,
    state: AllocationState,
    attempt: z.int().min(0).describe('The attempt that is bound or being made; 0 before the first'),
    fleet: KubeName.optional(),
    selectors: z.array(ServerSelector).optional().describe('Where it was asked for by selectors'),
    build: Build,
    mode: z.string(),
    session: Session,
    priority: z.int(),
    players: z.array(z.object({ id: PlayerId, role: SeatRole })),
    createdAt: Instant,
    deadlineAt: Instant,
    readyAt: Instant.optional(),
    endedAt: Instant.optional(),
    server: z
      .object({ cluster: z.string(), region: z.string(), namespace: z.string(), gameServer: z.string(), address: Address.optional() })
      .optional()
      .describe('The game server, once bound'),
    admissions: z.array(Admission).default([]).describe('Present while ready'),
    aliasOf: ClientId.optional().describe('This id joined the live session of its world, asked for under that id'),
    reason: z.string().optional().describe('Why it is in a final state'),
    resumedAs: ClientId.optional().describe('Its server died, and its world goes on under this id'),
    resumedFrom: ClientId.optional().describe('It goes on where that one was lost'),
  })
  .meta({ id: 'Allocation' });
export type Allocation = z.infer<typeof Allocation>;

export const PlacementTry = z.object({
  attempt: z.int(),
  cluster: z.string(),
  startedAt: Instant,
  ms: z.number(),
  outcome: z.enum(['bound', 'no-capacity', 'contention', 'failed', 'doubt', 'not-accepted']),
  gameServer: z.string().optional(),
  detail: z.string().optional(),
});
export type PlacementTry = z.infer<typeof PlacementTry>;

export const Decision = z.object({
  at: Instant,
  chosen: z.string().optional(),
  considered: z.array(
    z.object({ cluster: z.string(), worstLatencyMs: z.number().optional(), ready: z.int(), rejected: z.string().optional() }),
  ),
});
export type Decision = z.infer<typeof Decision>;

/** The game server of an attempt died. */
export const AttemptCrash = Crash.extend({ at: Instant, attempt: z.int(), cluster: z.string(), gameServer: z.string() }).meta({
  id: 'AttemptCrash',
});

export const Trace = z
  .object({
    id: ClientId,
    state: AllocationState,
    waitedMs: z.number(),
    decisions: z.array(Decision).describe('The newest 20'),
    tries: z.array(PlacementTry).describe('The newest 20'),
    rejections: z.record(z.string(), z.int()).describe('Reason → how often a cluster was passed over for it'),
    crashes: z.array(AttemptCrash).default([]).describe('How game servers of its attempts died, where their bridges could tell'),
  })
  .meta({ id: 'Trace', description: 'Why this server, and what the time went into' });
export type Trace = z.infer<typeof Trace>;

/** What the bridge learns by its claim: all that the session needs. */
export const Claim = z
  .object({
    allocationId: ClientId,
    uid: Uid,
    attempt: z.int(),
    state: AllocationState,
    build: Build,
    mode: z.string(),
    session: Session,
    players: z.array(z.object({ id: PlayerId, role: SeatRole, packetKey: z.string() })),
    ticketKeys: JsonWebKeySet.describe('Verify join tickets offline'),
    ticketIssuer: z.string(),
    deadlineAt: Instant,
    saves: z
      .object({ token: z.string(), worldEpoch: z.int().min(1).optional() })
      .describe('The grant for the saves service; worldEpoch where a world is played'),
    notices: Notices.default([]).describe('What the server is to know at once; later ones ride on its GameServer'),
    traceparent: z.string().optional().describe('W3C trace context of the request, for whatever follows from it'),
  })
  .meta({ id: 'Claim' });
export type Claim = z.infer<typeof Claim>;

export const PlayerSession = z
  .object({
    playerId: PlayerId,
    allocationId: ClientId,
    role: SeatRole,
    world: WorldId.optional(),
    address: Address,
    admission: Admission,
  })
  .meta({ id: 'PlayerSession' });
export type PlayerSession = z.infer<typeof PlayerSession>;

/** Claims of a join ticket: an EdDSA JWT for one player, one allocation and one attempt on one server. */
export const JoinTicketClaims = z.object({
  iss: z.string(),
  aud: z.literal('lifeverse-join'),
  sub: PlayerId,
  jti: z.string().min(1),
  exp: z.number(),
  allocation: ClientId,
  uid: Uid,
  attempt: z.int(),
  gameServer: z.string(),
  build: Build,
  role: SeatRole,
  keyId: z.string().optional().describe('Which packet key goes with it'),
  trace: TraceId.optional().describe('Trace of the request that the session follows from'),
});
export type JoinTicketClaims = z.infer<typeof JoinTicketClaims>;

/** Claims of a session grant: what one attempt may do at the saves service. */
export const SessionGrantClaims = z.object({
  sub: z.string(),
  roles: z.tuple([z.literal('session')]),
  holder: z.object({ uid: Uid, attempt: z.int() }),
  world: WorldId.optional(),
  players: z.array(PlayerId),
});
export type SessionGrantClaims = z.infer<typeof SessionGrantClaims>;

/** Labels and annotations that the allocator puts on a game server with its allocation. */
export const GAME_SERVER_MARKS = {
  /** Label: whose server it is; only servers that carry it are ever touched. Value: the allocator's owner name. */
  owner: 'lifeverse.dev/owner',
  /** Label: the allocation's uid. */
  uid: 'lifeverse.dev/uid',
  /** Label: the attempt, as a decimal number. */
  attempt: 'lifeverse.dev/attempt',
  /** Annotation: the client's id. */
  id: 'lifeverse.dev/id',
  /** Annotation: what it takes to write the allocation anew, as JSON. */
  session: 'lifeverse.dev/session',
  /** Annotation: W3C trace context of the request. */
  traceparent: 'lifeverse.dev/traceparent',
  /** Annotation, by Quilkin's name for it: what datagrams end with by which its proxies find the server, base64. A secret of the session. */
  routingTokens: 'quilkin.dev/tokens',
  /** Annotation: what the server is told beforehand, as JSON (`Notices`). */
  notice: 'lifeverse.dev/notice',
  /** Label that fleets set: the build in it. */
  build: 'lifeverse.dev/build',
  /** Label that fleets set whose builds stand side by side under names of their own: the name that requests give. */
  fleet: 'lifeverse.dev/fleet',
} as const;
