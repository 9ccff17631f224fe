/** The matchmaker's API over its moves. */
import { AppError } from '../../contracts/app-error.ts';
import type { matchmakerApi } from '../../contracts/matchmaker.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import { callerOf, mayCancel, maySee, requireMayQueue, seesOnly, type Caller } from '../access.ts';
import { cancelTicket } from '../moves/cancel-ticket.ts';
import { createTicket } from '../moves/create-ticket.ts';
import type { MatchmakerParts } from '../moves/matchmaker-parts.ts';
import { isSettled, ticketView, type KeptTicket } from '../ticket.ts';

/** How often a held answer looks at the database, in milliseconds: another process may have moved the ticket. */
const LOOK_MS = 1_000;

export function ticketHandlers(parts: MatchmakerParts): Handlers<typeof matchmakerApi.endpoints> {
  return {
    createTicket: async ({ body }, { principal }) => {
      const caller = callerOf(principal);
      requireMayQueue(caller, body);
      const { ticket, made } = await createTicket(parts, body, caller.subject);
      return { status: made ? 201 : 200, body: ticketView(ticket, seesOnly(caller)) };
    },
    getTicket: async ({ params, query }, { principal, signal }) => {
      const caller = callerOf(principal);
      const until = Date.now() + query.wait * 1_000;
      for (;;) {
        const ticket = await visibleTicket(parts, params.id, caller);
        const left = until - Date.now();
        if (isSettled(ticket) || left <= 0 || signal.aborted) return { status: 200, body: ticketView(ticket, seesOnly(caller)) };
        await parts.news.next(ticket._id, Math.min(left, LOOK_MS), signal);
      }
    },
    cancelTicket: async ({ params }, { principal }) => {
      const caller = callerOf(principal);
      const ticket = await visibleTicket(parts, params.id, caller);
      if (!mayCancel(caller, ticket)) throw new AppError('forbidden', 'ticket_not_owned', 'whoever made this ticket may cancel it');
      return { status: 200, body: ticketView(await cancelTicket(parts, ticket), seesOnly(caller)) };
    },
    queueStatus: async () => {
      const sizes = new Map((await parts.queueSizes()).map((size) => [size.mode, size]));
      const queues = Object.keys(parts.modes).map(async (mode) => ({
        mode,
        waitingTickets: sizes.get(mode)?.tickets ?? 0,
        waitingPlayers: sizes.get(mode)?.players ?? 0,
        matchesPlacing: await parts.matches.count({ open: true, mode, state: { $in: ['forming', 'asking'] } }),
      }));
      return { status: 200, body: { queues: await Promise.all(queues) } };
    },
  };
}

/** @throws AppError `not-found` alike for what is not there and what is not theirs to see. */
async function visibleTicket(parts: MatchmakerParts, id: string, caller: Caller): Promise<KeptTicket> {
  const ticket = await parts.tickets.find(id);
  if (ticket === undefined || !maySee(caller, ticket)) throw new AppError('not-found', 'ticket_unknown', `there is no ticket ${id}`);
  return ticket;
}
