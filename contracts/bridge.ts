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
import { SeatRole, Session } from './allocator.ts';
import { defineApi, ORDINARY } from './endpoint.ts';
import { Notice } from './notices.ts';
import { JournalEntry, Snapshot } from './saves.ts';
import { Build, ClientId, PlayerId, Uid, Wait, WorldId } from './words.ts';

export const SeatState = z.enum(['held', 'admitted', 'present', 'away', 'left']).meta({ id: 'SeatState' });
export type SeatState = z.infer<typeof SeatState>;

export const Seat = z.object({ playerId: PlayerId, role: SeatRole, state: SeatState }).meta({ id: 'Seat' });
export type Seat = z.infer<typeof Seat>;

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
  .enum(['malformed', 'signature', 'expired', 'other-server', 'other-build', 'used', 'seat-taken', 'no-session', 'not-joinable', 'full'])
  .meta({ id: 'Refusal' });
export type Refusal = z.infer<typeof Refusal>;

export const Verdict = z
  .discriminatedUnion('admitted', [
    z.object({ admitted: z.literal(true), seat: Seat, packetKey: z.string() }),
    z.object({ admitted: z.literal(false), refusal: Refusal, detail: z.string() }),
  ])
  .meta({ id: 'Verdict' });
export type Verdict = z.infer<typeof Verdict>;

export const Acks = z
  .object({
    accepted: z.int().describe("On this pod's disk"),
    durable: z.int().describe('Stored in saves: only this is promised'),
    readOnly: z.boolean(),
  })
  .meta({ id: 'Acks' });
export type Acks = z.infer<typeof Acks>;

const local = { access: 'public', idempotency: 'repeatable', limits: { ...ORDINARY, perMinute: 1_000_000 } } as const;
const Roster = z.object({ seats: z.array(Seat) });
const Done = { 200: { description: 'Done', body: z.object({}) } } as const;

export const bridgeApi = defineApi({
  name: 'bridge',
  title: 'LifeVerse bridge',
  version: '1.0.0',
  description: 'The sidecar of one game server. Reachable over loopback only, therefore without tokens.',
  endpoints: {
    hello: {
      ...local,
      method: 'POST',
      path: '/lifeverse/v1/hello',
      summary: 'The game server speaks LifeVerse: from now on Ready waits for warm',
      body: z.object({ build: Build, plugin: z.string().max(64) }),
      responses: { 200: { description: 'Welcome', body: z.object({ gameServer: z.string(), heartbeatSeconds: z.number() }) } },
      errors: [],
    },
    warm: {
      ...local,
      method: 'POST',
      path: '/lifeverse/v1/warm',
      summary: 'Start-up is done: Ready may be told to Agones',
      responses: Done,
      errors: ['unavailable'],
    },
    session: {
      ...local,
      method: 'GET',
      path: '/lifeverse/v1/session',
      summary: 'The session; with `wait`, held until its phase is no longer `from`',
      query: z.object({ wait: Wait, from: SessionPhase.optional() }),
      responses: { 200: { description: 'The session', body: BridgeSession } },
      errors: [],
      limits: { ...local.limits, timeoutMs: 40_000 },
      idempotency: 'safe',
    },
    notices: {
      ...local,
      method: 'GET',
      path: '/lifeverse/v1/notices',
      summary: 'What is coming, such as maintenance; with `wait`, held until the notices are others than those of `from`',
      description: 'A maintenance that has `end: end-sessions` ends the session at its startsAt: the phase becomes `ended`.',
      query: z.object({
        wait: Wait,
        from: z.string().max(64).optional().describe('The version that you know; by default the present one'),
      }),
      responses: {
        200: { description: 'The notices, the soonest first', body: z.object({ version: z.string(), notices: z.array(Notice) }) },
      },
      errors: [],
      limits: { ...local.limits, timeoutMs: 40_000 },
      idempotency: 'safe',
    },
    accept: {
      ...local,
      method: 'POST',
      path: '/lifeverse/v1/accept',
      summary: 'The map is loaded and the port is bound: players may come',
      body: z.object({ port: z.int().min(1).max(65_535), build: Build }),
      responses: { 200: { description: 'Joinable', body: BridgeSession } },
      errors: ['conflict'],
    },
    end: {
      ...local,
      method: 'POST',
      path: '/lifeverse/v1/end',
      summary: 'The session is over: flush saves, tell the allocator, shut down',
      body: z.object({ reason: z.string().max(1_000) }),
      responses: { 200: { description: 'Ended', body: BridgeSession } },
      errors: ['unavailable'],
      limits: { ...local.limits, timeoutMs: 40_000 },
    },
    admit: {
      ...local,
      method: 'POST',
      path: '/lifeverse/v1/admit',
      summary: 'May the holder of this ticket come in?',
      body: z.object({ ticket: z.string().max(8_192) }),
      responses: { 200: { description: 'The verdict', body: Verdict } },
      errors: [],
    },
    present: {
      ...local,
      method: 'POST',
      path: '/lifeverse/v1/seats/{player}/present',
      summary: 'An admitted player is in the game',
      params: z.object({ player: PlayerId }),
      responses: { 200: { description: 'The seat', body: Seat } },
      errors: ['not-found', 'conflict'],
    },
    leave: {
      ...local,
      method: 'POST',
      path: '/lifeverse/v1/seats/{player}/leave',
      summary: 'A player has gone: for good, or away within the grace',
      params: z.object({ player: PlayerId }),
      body: z.object({ forGood: z.boolean().default(false) }),
      responses: { 200: { description: 'The seat', body: Seat } },
      errors: ['not-found'],
    },
    roster: {
      ...local,
      method: 'GET',
      path: '/lifeverse/v1/roster',
      summary: 'Every seat',
      responses: { 200: { description: 'Seats', body: Roster } },
      errors: [],
      idempotency: 'safe',
    },
    putRoster: {
      ...local,
      method: 'PUT',
      path: '/lifeverse/v1/roster',
      summary: 'Who is really present: mends lost leaves',
      body: z.object({ present: z.array(PlayerId).max(2_000) }),
      responses: { 200: { description: 'Seats', body: Roster } },
      errors: [],
    },
    packetKey: {
      ...local,
      method: 'GET',
      path: '/lifeverse/v1/keys/{player}',
      summary: 'The packet key of a player who holds a seat, asked for by EncryptionToken before login',
      params: z.object({ player: PlayerId }),
      responses: { 200: { description: 'The key', body: z.object({ packetKey: z.string().describe('AES-256, base64url') }) } },
      errors: ['not-found'],
      idempotency: 'safe',
    },
    world: {
      ...local,
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
      limits: { ...local.limits, timeoutMs: 30_000 },
      idempotency: 'safe',
    },
    appendWorld: {
      ...local,
      method: 'POST',
      path: '/lifeverse/v1/world/entries',
      summary: 'Append to the world journal; answered once the entries are on this pod’s disk',
      body: z.object({ entries: z.array(JournalEntry).min(1).max(1_000) }),
      responses: { 200: { description: 'Accepted', body: Acks } },
      errors: ['conflict', 'not-found', 'unavailable'],
      limits: { ...local.limits, bodyBytes: 4 * 1024 * 1024 },
    },
    worldAcks: {
      ...local,
      method: 'GET',
      path: '/lifeverse/v1/world/acks',
      summary: 'How far the journal is accepted and durable; with `wait`, held until `durable` passes `after`',
      query: z.object({ wait: Wait, after: z.coerce.number().int().min(0).default(0) }),
      responses: { 200: { description: 'Acks', body: Acks } },
      errors: ['not-found'],
      limits: { ...local.limits, timeoutMs: 40_000 },
      idempotency: 'safe',
    },
    putWorldSnapshot: {
      ...local,
      method: 'PUT',
      path: '/lifeverse/v1/world/snapshot',
      summary: 'Store a snapshot that contains all entries up to its seq (which must be durable)',
      body: Snapshot,
      responses: Done,
      errors: ['conflict', 'not-found', 'unavailable'],
      limits: { ...local.limits, bodyBytes: 12 * 1024 * 1024, timeoutMs: 30_000 },
    },
    frame: {
      ...local,
      method: 'POST',
      path: '/lifeverse/v1/frame',
      summary: 'The game thread is alive; sent about once a second',
      body: z.object({ frames: z.int().min(0), longestMs: z.number().min(0) }),
      responses: Done,
      errors: [],
    },
  },
});
