/**
 * What scripts a bridge that runs with `--solo`: it plays allocator, saves and Agones for one game server, on the bridge's own port.
 *
 *     allocate ──▶ (the game server claims, accepts) ──▶ tickets, kick, notices, world-lost … ──▶ end ──▶ next life
 */
import { z } from 'zod';
import { Admission, SeatRole, Session } from './allocator.ts';
import { SessionPhase } from './bridge.ts';
import { defineApi, ORDINARY } from './endpoint.ts';
import { Notices } from './notices.ts';
import { Build, ClientId, PlayerId, Uid } from './words.ts';

const SoloPlayer = z.object({ id: PlayerId, role: SeatRole.default('player') });

/** A session to invent. */
export const SoloAllocation = z
  .object({
    id: ClientId.optional().describe('Invented where it is left out'),
    mode: z.string().min(1).max(64).default('solo'),
    build: Build.optional().describe('What the game server has to claim; by default whatever it said in its hello'),
    session: Session.partial({ capacity: true }).describe('As at the allocator; with a `world`, that is kept in the folder'),
    players: z.array(SoloPlayer).max(1_000).default([]),
  })
  .meta({ id: 'SoloAllocation' });
export type SoloAllocation = z.infer<typeof SoloAllocation>;

export const AgonesState = z.enum(['Scheduled', 'RequestReady', 'Ready', 'Reserved', 'Allocated', 'Unhealthy', 'Shutdown', 'Error']);

export const SoloState = z
  .object({
    life: z.int().min(1).describe('Counts up with every next life: one session each'),
    gameServer: z.string(),
    phase: SessionPhase,
    agones: z.object({
      here: z.boolean(),
      state: AgonesState,
      secondsSinceBeat: z.number().optional().describe('Since the last health ping'),
    }),
    backend: z.object({ allocator: z.enum(['here', 'away']), saves: z.enum(['here', 'away']) }),
    allocation: z
      .object({
        id: ClientId,
        uid: Uid,
        state: z.enum(['allocated', 'ready', 'ended', 'lost']),
        reason: z.string().optional(),
        port: z.int().optional().describe('Where players send their packets, as the game server said in accept'),
        session: Session,
        players: z.array(SoloPlayer),
      })
      .optional(),
    folder: z.string(),
  })
  .meta({ id: 'SoloState' });
export type SoloState = z.infer<typeof SoloState>;

const SOLO = { access: 'public', limits: ORDINARY, idempotency: 'once' } as const;
const STATE = { 200: { description: 'What is played now', body: SoloState } } as const;

export const soloApi = defineApi({
  name: 'bridge-solo',
  title: 'LifeVerse bridge, solo',
  version: '1.0.0',
  description: 'Scripts what happens to a game server in the editor or on a laptop. Not there without --solo.',
  endpoints: {
    soloState: {
      ...SOLO,
      method: 'GET',
      path: '/lifeverse/v1/solo',
      summary: 'What is played now',
      responses: STATE,
      errors: [],
      idempotency: 'safe',
    },
    soloAllocate: {
      ...SOLO,
      method: 'POST',
      path: '/lifeverse/v1/solo/allocate',
      summary: 'Allocate this game server to a session',
      description: '409 while one is played, or where the game server is not Ready: `reset` begins the next life.',
      body: SoloAllocation,
      responses: {
        200: {
          description: 'Each player’s way in',
          body: z.object({ id: ClientId, uid: Uid, gameServer: z.string(), admissions: z.array(Admission) }),
        },
      },
      errors: ['conflict'],
    },
    soloTicket: {
      ...SOLO,
      method: 'POST',
      path: '/lifeverse/v1/solo/tickets',
      summary: 'A join ticket for a player, who is given a seat where they have none',
      description: '`expiresInSeconds` may be negative, to see an expired ticket refused.',
      body: z.object({
        playerId: PlayerId,
        role: SeatRole.default('player'),
        expiresInSeconds: z.number().min(-3_600).max(86_400).default(300),
      }),
      responses: { 200: { description: 'The way in', body: Admission } },
      errors: ['conflict'],
    },
    soloKick: {
      ...SOLO,
      method: 'POST',
      path: '/lifeverse/v1/solo/kick',
      summary: 'A player loses the seat and has to go: the game server is told, and their tickets open nothing any more',
      body: z.object({ playerId: PlayerId, reason: z.string().min(1).max(256).default('kicked') }),
      responses: STATE,
      errors: ['conflict', 'not-found'],
    },
    soloNotices: {
      ...SOLO,
      method: 'PUT',
      path: '/lifeverse/v1/solo/notices',
      summary: 'What the allocator tells the game server: maintenance, and whatever else is a notice; these replace those before',
      body: z.object({ notices: Notices }),
      responses: STATE,
      errors: [],
    },
    soloLoseWorld: {
      ...SOLO,
      method: 'POST',
      path: '/lifeverse/v1/solo/world-lost',
      summary: 'Another session takes the lease of the world: it becomes read-only with the next write',
      responses: STATE,
      errors: ['conflict'],
    },
    soloEnd: {
      ...SOLO,
      method: 'POST',
      path: '/lifeverse/v1/solo/end',
      summary: 'The game server is taken away, as by a deletion: Agones says Shutdown, or Unhealthy',
      body: z.object({ state: z.enum(['Shutdown', 'Unhealthy']).default('Shutdown') }),
      responses: STATE,
      errors: [],
    },
    soloAgones: {
      ...SOLO,
      method: 'POST',
      path: '/lifeverse/v1/solo/agones',
      summary: 'Agones’ sidecar goes away, comes back, or is restarted',
      body: z.object({ do: z.enum(['stop', 'start', 'restart']) }),
      responses: STATE,
      errors: [],
    },
    soloBackend: {
      ...SOLO,
      method: 'POST',
      path: '/lifeverse/v1/solo/backend',
      summary: 'Allocator or saves are away (503), or here again',
      body: z.object({ allocator: z.enum(['here', 'away']).optional(), saves: z.enum(['here', 'away']).optional() }),
      responses: STATE,
      errors: [],
    },
    soloReset: {
      ...SOLO,
      method: 'POST',
      path: '/lifeverse/v1/solo/reset',
      summary: 'The next life: a new game server without a session. Worlds and players stay, unless they are to be forgotten',
      body: z.object({ forgetSaves: z.boolean().default(false) }),
      responses: STATE,
      errors: [],
    },
  },
});
