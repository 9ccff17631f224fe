/**
 * What a game server is told. Those of the allocator ride as an annotation on the GameServer and in the claim's answer; those of the
 * bridge are its own.
 */
import { z } from 'zod';
import { ClientId, Instant, PlayerId, WorldId } from './words.ts';

const Reason = z.string().max(256);

/** A maintenance window over the game server. */
export const WindowNotice = z
  .object({
    kind: z
      .enum(['maintenance', 'session-end'])
      .describe('maintenance: be done by startsAt if you can. session-end: the allocator has ended this session, flush and leave'),
    reason: Reason,
    startsAt: Instant,
    endsAt: Instant,
    end: z.enum(['let-finish', 'end-sessions']).describe('What happens at startsAt to a session that still runs'),
    window: ClientId.describe('The maintenance window'),
  })
  .meta({ id: 'WindowNotice' });
export type WindowNotice = z.infer<typeof WindowNotice>;

/** A player has to go: drop the connection, and tell the bridge that the player has left. */
export const KickNotice = z
  .object({
    kind: z.literal('kick'),
    reason: Reason,
    playerId: PlayerId,
    at: Instant,
    keyId: z.string().max(64).optional().describe('Packet key of the seat that is over: one that was given anew has another'),
  })
  .meta({ id: 'KickNotice' });
export type KickNotice = z.infer<typeof KickNotice>;

/** The game server is being taken away: save, say goodbye, leave. Nobody is admitted any more. */
export const DrainNotice = z
  .object({ kind: z.literal('drain'), reason: Reason, endsAt: Instant.optional().describe('When it will be gone, where that is known') })
  .meta({ id: 'DrainNotice' });
export type DrainNotice = z.infer<typeof DrainNotice>;

/** Another session holds the world, or the player's inventory: what changes here is not kept. */
export const ReadOnlyNotice = z
  .object({
    kind: z.literal('read-only'),
    reason: Reason,
    world: WorldId.optional().describe('The world that is lost'),
    playerId: PlayerId.optional().describe('The player whose inventory is lost'),
  })
  .meta({ id: 'ReadOnlyNotice' });
export type ReadOnlyNotice = z.infer<typeof ReadOnlyNotice>;

/** What the allocator tells. */
export const AllocatorNotice = z.discriminatedUnion('kind', [WindowNotice, KickNotice]).meta({ id: 'AllocatorNotice' });
export type AllocatorNotice = z.infer<typeof AllocatorNotice>;

/** What the game server hears of its bridge. */
export const Notice = z.discriminatedUnion('kind', [WindowNotice, KickNotice, DrainNotice, ReadOnlyNotice]).meta({ id: 'Notice' });
export type Notice = z.infer<typeof Notice>;

/** More windows than this over one server are not told: the soonest are. */
export const MOST_NOTICES = 8;
/** More kicks than this are not told on the server: the newest are. Their players have no seat all the same. */
export const MOST_KICKS = 16;

/** The value of the annotation `GAME_SERVER_MARKS.notice`: windows, the soonest first, then kicks, the oldest first. */
export const Notices = z.array(AllocatorNotice).max(MOST_NOTICES + MOST_KICKS);
