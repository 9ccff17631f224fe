/**
 * A ticket as it is kept, and who sees what of it.
 *
 *   waiting ──▶ matched ──▶ placed
 *     │  ▲         │
 *     │  └─────────┘  its match came to nothing
 *     └──▶ cancelled · failed (its time is over, or its build is closed)
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Admission } from '../contracts/allocator.ts';
import { TicketPlayer, TicketState, type Ticket, type TicketRequest } from '../contracts/matchmaker.ts';
import { Address } from '../contracts/words.ts';

export const TicketConnection = z.object({
  allocationId: z.string(),
  address: Address,
  world: z.string().optional(),
  admissions: z.array(Admission),
});
export type TicketConnection = z.infer<typeof TicketConnection>;

export const KeptTicket = z.object({
  _id: z.string(),
  /** The subject that made it. */
  owner: z.string(),
  /** Of the request, so that another one under the same id is noticed. */
  fingerprint: z.string(),
  state: TicketState,
  mode: z.string(),
  build: z.string(),
  players: z.array(TicketPlayer),
  party: z.object({ id: z.string(), size: z.int() }).optional(),
  createdAt: z.date(),
  /** Afterwards it is not matched again. */
  expiresAt: z.date(),
  /** Not matched before: a placement that failed at once is not tried again at once. */
  notBefore: z.date(),
  matchedAt: z.date().optional(),
  matchId: z.string().optional(),
  connection: TicketConnection.optional(),
  reason: z.string().optional(),
  /** Its build was closed: those that take its place. */
  openBuilds: z.array(z.string()).optional(),
});
export type KeptTicket = z.infer<typeof KeptTicket>;

/** How long a ticket is worth matching, in milliseconds, from its creation. */
export const TICKET_LIFE_MS = 10 * 60_000;

export function newTicket(request: TicketRequest, owner: string, now: Date): KeptTicket {
  return {
    _id: request.id,
    owner,
    fingerprint: fingerprintOf(request),
    state: 'waiting',
    mode: request.mode,
    build: request.build,
    players: request.players,
    ...(request.party === undefined ? {} : { party: request.party }),
    createdAt: now,
    expiresAt: new Date(now.getTime() + TICKET_LIFE_MS),
    notBefore: now,
  };
}

export function isSettled(ticket: KeptTicket): boolean {
  return ticket.state !== 'waiting' && ticket.state !== 'matched';
}

/** The ticket as its reader may see it. @param only a player who reads: of the admissions, theirs alone. */
export function ticketView(ticket: KeptTicket, only?: string): Ticket {
  const { connection } = ticket;
  return {
    id: ticket._id,
    state: ticket.state,
    mode: ticket.mode,
    build: ticket.build,
    createdAt: ticket.createdAt.toISOString(),
    players: ticket.players.map((player) => player.id),
    ...(ticket.matchId === undefined ? {} : { matchId: ticket.matchId }),
    ...(ticket.reason === undefined ? {} : { reason: ticket.reason }),
    ...(ticket.openBuilds === undefined ? {} : { openBuilds: ticket.openBuilds }),
    ...(connection === undefined || ticket.state !== 'placed'
      ? {}
      : {
          connection: {
            ...connection,
            admissions: connection.admissions.filter((admission) => only === undefined || admission.playerId === only),
          },
        }),
  };
}

/** Equal for equal requests, in whatever order the fields of an object came. */
export function fingerprintOf(request: TicketRequest): string {
  return createHash('sha256').update(JSON.stringify(request, sortedFields)).digest('hex');
}

function sortedFields(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
