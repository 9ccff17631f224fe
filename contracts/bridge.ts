/**
 * The bridge's LifeVerse surface, spoken by the game server over loopback HTTP (`http://127.0.0.1:9358/lifeverse/v1`).
 *
 * A game server's life with it:
 *
 *     hello ──▶ warm (Ready is forwarded to Agones) ──▶ session?wait (claimed) ──▶ world ──▶ accept ──▶ joinable
 *                                                       admit / leave / world/entries / world/snapshot / frame …
 *                                                       end ──▶ Agones Shutdown
 */
import { z } from 'zod';
import { Session } from './allocator.ts';
import { Acks, DONE, LOCAL, LONG } from './bridge-api/acks.ts';
import { goingEndpoints } from './bridge-api/going.ts';
import { inventoryEndpoints } from './bridge-api/inventories.ts';
import { Seat } from './bridge-api/seat.ts';
import { defineApi } from './endpoint.ts';
import { Notice } from './notices.ts';
import { JournalEntry, Snapshot } from './saves.ts';
import { Build, ClientId, PlayerId, Uid, Wait, WorldId } from './words.ts';

/** idle: no session. claimed: ours, loading. joinable: accepted. ended: over, this process will not get another. */
export const SessionPhase = z.enum(['idle', 'claimed', 'joinable', 'ended']).meta({ id: 'SessionPhase' });
export type SessionPhase = z.infer<typeof SessionPhase>;

export const BridgeSession = z
  .object({
    phase: SessionPhase,
    session: z
      .object({
        allocationId: ClientId,
        uid: Uid,
        attempt: z.int(),
        mode: z.string(),
        build: z.string(),
        session: Session,
        seats: z.array(Seat),
      })
      .optional(),
    readOnly: z.boolean().default(false).describe('The world lease is lost: stop changing the world'),
    reason: z.string().optional(),
  })
  .meta({ id: 'BridgeSession' });
export type BridgeSession = z.infer<typeof BridgeSession>;

/** Why a ticket was refused; stable, for logs and metrics. */
export const Refusal = z
  .enum([
    'malformed',
    'signature',
    'expired',
    'other-server',
    'other-build',
    'used',
    'kicked',
    'no-session',
    'not-joinable',
    'draining',
    'full',
  ])
  .meta({ id: 'Refusal' });
export type Refusal = z.infer<typeof Refusal>;

const Connection = z.int().min(1);

export const Verdict = z
  .discriminatedUnion('admitted', [
    z.object({
      admitted: z.literal(true),
      seat: Seat,
      packetKey: z.string(),
      connection: Connection.describe('Number of this connection of the player; give it to `present` and `leave`'),
      replace: z
        .literal('connection')
        .optional()
        .describe('The player is in already: drop the old connection, the same seat goes on with this one'),
    }),
    z.object({ admitted: z.literal(false), refusal: Refusal, detail: z.string() }),
  ])
  .meta({ id: 'Verdict' });
export type Verdict = z.infer<typeof Verdict>;

const Roster = z.object({ seats: z.array(Seat) });
/** Which connection of the player is meant; of another than the newest nothing is changed. Left out: the newest. */
const OfConnection = z.object({ connection: z.coerce.number().int().min(1).optional() });

export const bridgeApi = defineApi({
  name: 'bridge',
  title: 'LifeVerse bridge',
  version: '1.0.0',
  description:
    'The sidecar of one game server. Reachable over loopback only, therefore without tokens. What `session`, `notices` and `acks` hold a call for is also told as it happens, over a WebSocket at `/lifeverse/v1/stream`.',
  endpoints: {
    hello: {
      ...LOCAL,
      method: 'POST',
      path: '/lifeverse/v1/hello',
      summary: 'The game server speaks LifeVerse: from now on Ready waits for warm',
      body: z.object({
        build: Build,
        plugin: z.string().max(64),
        pid: z.int().min(1).optional().describe('Of the process: its death is noticed'),
        refusals: z
          .boolean()
          .default(false)
          .describe('The game server heeds `refused` of acks. Otherwise a journal goes read-only where saves never takes an entry'),
      }),
      responses: { 200: { description: 'Welcome', body: z.object({ gameServer: z.string(), heartbeatSeconds: z.number() }) } },
      errors: [],
    },
    warm: {
      ...LOCAL,
      method: 'POST',
      path: '/lifeverse/v1/warm',
      summary: 'Start-up is done: Ready may be told to Agones',
      responses: DONE,
      errors: ['unavailable'],
    },
    session: {
      ...LOCAL,
      method: 'GET',
      path: '/lifeverse/v1/session',
      summary: 'The session; with `wait`, held until its phase is no longer `from`',
      query: z.object({ wait: Wait, from: SessionPhase.optional() }),
      responses: { 200: { description: 'The session', body: BridgeSession } },
      errors: [],
      limits: LONG,
      idempotency: 'safe',
    },
    notices: {
      ...LOCAL,
      method: 'GET',
      path: '/lifeverse/v1/notices',
      summary: 'What the game has to know; with `wait`, held until the notices are others than those of `from`',
      description:
        'maintenance: it is coming; with `end: end-sessions` the session is ended at its startsAt. drain: this server is being taken away. kick: a player has to go; it stays until the bridge hears that they left. read-only: the world, or an inventory, is held elsewhere.',
      query: z.object({
        wait: Wait,
        from: z.string().max(64).optional().describe('The version that you know; by default the present one'),
      }),
      responses: {
        200: {
          description: 'The notices: windows (the soonest first), then the others',
          body: z.object({ version: z.string(), notices: z.array(Notice) }),
        },
      },
      errors: [],
      limits: LONG,
      idempotency: 'safe',
    },
    accept: {
      ...LOCAL,
      method: 'POST',
      path: '/lifeverse/v1/accept',
      summary: 'The map is loaded and the port is bound: players may come',
      body: z.object({ port: z.int().min(1).max(65_535), build: Build }),
      responses: { 200: { description: 'Joinable', body: BridgeSession } },
      errors: ['conflict'],
    },
    end: {
      ...LOCAL,
      method: 'POST',
      path: '/lifeverse/v1/end',
      summary: 'The session is over: flush saves, tell the allocator, shut down',
      body: z.object({ reason: z.string().max(1_000) }),
      responses: { 200: { description: 'Ended', body: BridgeSession } },
      errors: ['unavailable'],
      limits: LONG,
    },
    admit: {
      ...LOCAL,
      method: 'POST',
      path: '/lifeverse/v1/admit',
      summary: 'May the holder of this ticket come in?',
      body: z.object({ ticket: z.string().max(8_192) }),
      responses: { 200: { description: 'The verdict', body: Verdict } },
      errors: [],
    },
    present: {
      ...LOCAL,
      method: 'POST',
      path: '/lifeverse/v1/seats/{player}/present',
      summary: 'An admitted player is in the game',
      params: z.object({ player: PlayerId }),
      query: OfConnection,
      responses: { 200: { description: 'The seat', body: Seat } },
      errors: ['not-found', 'conflict'],
    },
    leave: {
      ...LOCAL,
      method: 'POST',
      path: '/lifeverse/v1/seats/{player}/leave',
      summary: 'A player has gone: for good, or away within the grace',
      params: z.object({ player: PlayerId }),
      query: OfConnection,
      body: z.object({ forGood: z.boolean().default(false) }),
      responses: { 200: { description: 'The seat', body: Seat } },
      errors: ['not-found'],
    },
    roster: {
      ...LOCAL,
      method: 'GET',
      path: '/lifeverse/v1/roster',
      summary: 'Every seat',
      responses: { 200: { description: 'Seats', body: Roster } },
      errors: [],
      idempotency: 'safe',
    },
    putRoster: {
      ...LOCAL,
      method: 'PUT',
      path: '/lifeverse/v1/roster',
      summary: 'Who is really present: mends lost leaves',
      body: z.object({ present: z.array(PlayerId).max(2_000) }),
      responses: { 200: { description: 'Seats', body: Roster } },
      errors: [],
    },
    packetKey: {
      ...LOCAL,
      method: 'GET',
      path: '/lifeverse/v1/keys/{player}',
      summary: 'The packet key of a player who holds a seat, asked for by EncryptionToken before login',
      params: z.object({ player: PlayerId }),
      responses: { 200: { description: 'The key', body: z.object({ packetKey: z.string().describe('AES-256, base64url') }) } },
      errors: ['not-found'],
      idempotency: 'safe',
    },
    world: {
      ...LOCAL,
      method: 'GET',
      path: '/lifeverse/v1/world',
      summary: 'The durable world: snapshot and the journal after it',
      responses: {
        200: {
          description: 'What to load',
          body: z.object({ world: WorldId, durableSeq: z.int(), snapshot: Snapshot.optional(), entries: z.array(JournalEntry) }),
        },
      },
      errors: ['not-found', 'unavailable'],
      limits: { ...LOCAL.limits, timeoutMs: 30_000 },
      idempotency: 'safe',
    },
    appendWorld: {
      ...LOCAL,
      method: 'POST',
      path: '/lifeverse/v1/world/entries',
      summary: 'Append to the world journal; answered once the entries are on this pod’s disk',
      body: z.object({ entries: z.array(JournalEntry).min(1).max(1_000) }),
      responses: { 200: { description: 'Accepted', body: Acks } },
      errors: ['conflict', 'not-found', 'unavailable', 'too-large'],
      limits: { ...LOCAL.limits, bodyBytes: 4 * 1024 * 1024 },
    },
    worldAcks: {
      ...LOCAL,
      method: 'GET',
      path: '/lifeverse/v1/world/acks',
      summary: 'How far the journal is accepted and durable; with `wait`, held until `durable` passes `after`',
      query: z.object({ wait: Wait, after: z.coerce.number().int().min(0).default(0) }),
      responses: { 200: { description: 'Acks', body: Acks } },
      errors: ['not-found'],
      limits: LONG,
      idempotency: 'safe',
    },
    putWorldSnapshot: {
      ...LOCAL,
      method: 'PUT',
      path: '/lifeverse/v1/world/snapshot',
      summary: 'Store a snapshot that contains all entries up to its seq (which must be durable)',
      body: Snapshot,
      responses: DONE,
      errors: ['conflict', 'not-found', 'unavailable'],
      limits: { ...LOCAL.limits, bodyBytes: 12 * 1024 * 1024, timeoutMs: 30_000 },
    },
    frame: {
      ...LOCAL,
      method: 'POST',
      path: '/lifeverse/v1/frame',
      summary: 'The game thread is alive; sent about once a second',
      description: 'What is told is of the time since the report before. A call that fails is not sent again: the next one is newer.',
      body: z.object({
        frames: z.int().min(0),
        longestMs: z.number().min(0),
        meanMs: z.number().min(0).optional().describe('Mean time of a frame'),
        p99Ms: z.number().min(0).optional().describe('99 of 100 frames took at most this long'),
        hitches: z.int().min(0).optional().describe('Frames that took more than three times the tick, as the game has it set'),
        travelling: z
          .boolean()
          .default(false)
          .describe('A map is being loaded: until a report without it the game thread may be silent for as long as at start-up'),
      }),
      responses: DONE,
      errors: [],
    },
    ...goingEndpoints,
    ...inventoryEndpoints,
  },
});
