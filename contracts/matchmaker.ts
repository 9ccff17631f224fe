/** The matchmaker's API: tickets in, a place to play out. */
import { z } from 'zod';
import { Admission } from './allocator.ts';
import { defineApi, ORDINARY } from './endpoint.ts';
import { Address, Build, ClientId, Instant, KubeName, Latencies, PlayerId, Wait } from './words.ts';

export const TicketPlayer = z.object({
  id: PlayerId,
  skill: z.number().min(0).max(10_000).default(1_500),
  latencies: Latencies.refine((byRegion) => Object.keys(byRegion).length > 0, 'at least one region'),
});
export type TicketPlayer = z.infer<typeof TicketPlayer>;

export const TicketRequest = z
  .object({
    id: ClientId.describe('Chosen by you; sending it again gives the same ticket'),
    mode: KubeName,
    build: Build,
    players: z.array(TicketPlayer).min(1).max(16).describe('A player sends themselves; a trusted backend may send a whole party'),
    party: z
      .object({ id: ClientId, size: z.int().min(2).max(16) })
      .optional()
      .describe('Tickets of one party are matched together, once `size` players of it wait; its id is a secret of its members'),
  })
  .superRefine((ticket, context) => {
    if (new Set(ticket.players.map((player) => player.id)).size < ticket.players.length)
      context.addIssue({ code: 'custom', path: ['players'], message: 'name each player once' });
    if (ticket.party && ticket.players.length > ticket.party.size)
      context.addIssue({ code: 'custom', path: ['party', 'size'], message: 'the ticket has more players than its party' });
  })
  .meta({ id: 'TicketRequest' });
export type TicketRequest = z.infer<typeof TicketRequest>;

/**
 * waiting → matched (its match is stored, the server is on its way) → placed; or cancelled, or failed.
 * A ticket whose placement failed goes back to waiting with its age, until its own deadline.
 */
export const TicketState = z.enum(['waiting', 'matched', 'placed', 'cancelled', 'failed']).meta({ id: 'TicketState' });
export type TicketState = z.infer<typeof TicketState>;

export const Ticket = z
  .object({
    id: ClientId,
    state: TicketState,
    mode: z.string(),
    build: z.string(),
    createdAt: Instant,
    players: z.array(PlayerId),
    matchId: ClientId.optional(),
    connection: z
      .object({
        allocationId: ClientId,
        address: Address,
        world: z.string().optional(),
        admissions: z.array(Admission).describe("For this ticket's players only"),
      })
      .optional()
      .describe('Where to play; present once placed'),
    reason: z.string().optional().describe('`build_closed`: the players need another build of the game'),
    openBuilds: z.array(z.string()).optional().describe('Where the reason is `build_closed`: the builds that were open then'),
  })
  .meta({ id: 'Ticket' });
export type Ticket = z.infer<typeof Ticket>;

const ById = z.object({ id: ClientId });
const PLAYERS = ['player', 'backend', 'operator'] as const;

export const matchmakerApi = defineApi({
  name: 'matchmaker',
  title: 'LifeVerse matchmaker',
  version: '1.0.0',
  description: 'Forms matches from tickets and has them placed.',
  endpoints: {
    createTicket: {
      method: 'POST',
      path: '/v1/tickets',
      summary: 'Queue for a match',
      description:
        'A build that is closed is a 409 `build_closed` that names the open ones; it is taken while the world that the player would come to is played on it. ' +
        'A ticket that waits when its build is closed fails, with that reason.',
      access: PLAYERS,
      body: TicketRequest,
      responses: {
        200: { description: 'It was made before; this is its present state', body: Ticket },
        201: { description: 'Queued', body: Ticket },
      },
      errors: ['conflict'],
      limits: ORDINARY,
      idempotency: 'repeatable',
    },
    getTicket: {
      method: 'GET',
      path: '/v1/tickets/{id}',
      summary: 'A ticket; with `wait`, held until it is placed or final',
      access: PLAYERS,
      params: ById,
      query: z.object({ wait: Wait }),
      responses: { 200: { description: 'The ticket', body: Ticket } },
      errors: ['not-found'],
      limits: { ...ORDINARY, timeoutMs: 40_000 },
      idempotency: 'safe',
    },
    cancelTicket: {
      method: 'DELETE',
      path: '/v1/tickets/{id}',
      summary: 'Leave the queue',
      description: 'A ticket that is matched already stays as it is: the answer says so.',
      access: PLAYERS,
      params: ById,
      responses: { 200: { description: 'The ticket as it now is', body: Ticket } },
      errors: ['not-found'],
      limits: ORDINARY,
      idempotency: 'repeatable',
    },
    queueStatus: {
      method: 'GET',
      path: '/v1/queues',
      summary: 'Who waits, by mode',
      access: ['backend', 'operator'],
      responses: {
        200: {
          description: 'Queues',
          body: z.object({
            queues: z.array(z.object({ mode: z.string(), waitingTickets: z.int(), waitingPlayers: z.int(), matchesPlacing: z.int() })),
          }),
        },
      },
      errors: [],
      limits: ORDINARY,
      idempotency: 'safe',
    },
  },
});
