/** What a game server is told beforehand; it rides as an annotation on the GameServer, and in the claim's answer. */
import { z } from 'zod';
import { ClientId, Instant } from './words.ts';

export const Notice = z
  .object({
    kind: z
      .enum(['maintenance', 'session-end'])
      .describe('maintenance: be done by startsAt if you can. session-end: the allocator has ended this session, flush and leave'),
    reason: z.string().max(256),
    startsAt: Instant,
    endsAt: Instant,
    end: z.enum(['let-finish', 'end-sessions']).describe('What happens at startsAt to a session that still runs'),
    window: ClientId.describe('The maintenance window'),
  })
  .meta({ id: 'Notice' });
export type Notice = z.infer<typeof Notice>;

/** More windows than this over one server are not told: the soonest are. */
export const MOST_NOTICES = 8;

/** The value of the annotation `GAME_SERVER_MARKS.notice`: the soonest first. */
export const Notices = z.array(Notice).max(MOST_NOTICES);
