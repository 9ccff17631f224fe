/** Players of a placed session: their seats and their way in. */
import { AppError } from '../../contracts/app-error.ts';
import type { allocatorApi } from '../../contracts/allocator-api.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import { isFinal, playersAddressOf, type AllocationDocument } from '../allocation.ts';
import type { PlayerSessions } from '../delivery/player-sessions.ts';
import type { SeatOutcome, Seats } from '../moves/seat.ts';
import type { Signer } from '../tickets/join-ticket.ts';
import type { TicketKeys } from '../tickets/ticket-keys.ts';
import { callerOf, type Found, type LookUp, type Show } from './look-up.ts';

export interface SeatsApiParts {
  readonly lookUp: LookUp;
  readonly show: Show;
  readonly seats: Seats;
  readonly sessions: PlayerSessions;
  readonly signer: Signer;
  readonly keys: TicketKeys;
}

type All = Handlers<typeof allocatorApi.endpoints>;
type Mine = Pick<All, 'takeSeats' | 'leaveSeat' | 'issueTicket' | 'playerSession' | 'ticketKeys'>;

export function seatHandlers({ lookUp, show, seats, sessions, signer, keys }: SeatsApiParts): Mine {
  return {
    takeSeats: async ({ params, body }, { principal }) => {
      const found = await lookUp(params.id, callerOf(principal));
      if (found.alias?.state === 'left')
        throw new AppError('conflict', 'session_over', `${params.id} has left its session; ask for an allocation under a new id`);
      const outcome = await seats.take(found.allocation._id, { by: found.key, players: body.players });
      const allocation = seatedOr(outcome, found);
      const asked = new Set(body.players.map((player) => player.id));
      return { status: 200, body: await show({ ...found, allocation }, (seat) => asked.has(seat.id)) };
    },

    leaveSeat: async ({ params, query }, { principal }) => {
      const caller = callerOf(principal);
      const { allocation } = await lookUp(params.id, caller);
      if (query.kick === undefined) await seats.leave(allocation._id, params.player);
      else await seats.kick(allocation._id, params.player, query.kick);
      return { status: 200, body: await show(await lookUp(params.id, caller)) };
    },

    issueTicket: async ({ params, body }, { principal }) => {
      const { allocation } = await lookUp(params.id, callerOf(principal));
      const seat = allocation.seats.find((kept) => kept.id === body.playerId);
      if (seat === undefined)
        throw new AppError('not-found', 'seat_unknown', `${body.playerId} has no seat here; POST …/${params.id}/seats gives one`);
      if (allocation.state !== 'ready') throw notReady(params.id, allocation);
      return { status: 200, body: await signer.admission(allocation, seat) };
    },

    playerSession: async ({ params, query }, { principal, signal }) => {
      const caller = callerOf(principal);
      if (!caller.roles.some((role) => role !== 'player') && caller.subject !== params.id)
        throw new AppError('forbidden', 'player_differs', 'a player may only ask for their own session');
      const found = await sessions.find(params.id, query.wait * 1_000, signal);
      if (found === undefined) throw new AppError('not-found', 'no_session', `${params.id} has no live session`);
      const { allocation, seat, server } = found;
      const { world } = allocation.request.session;
      const admission = await signer.admission(allocation, seat);
      const where = {
        allocationId: allocation.id,
        role: seat.role,
        address: playersAddressOf(server),
        ...(world === undefined ? {} : { world }),
      };
      return { status: 200, body: { playerId: params.id, admission, ...where } };
    },

    ticketKeys: async () => ({
      status: 200,
      body: await keys.publicKeys(),
      headers: { 'cache-control': `public, max-age=${keys.maxAgeSeconds}` },
    }),
  };
}

/** @throws AppError `conflict` that says what can be done instead. */
function seatedOr(outcome: SeatOutcome, { id, allocation }: Found): AllocationDocument {
  if (outcome.kind === 'seated') return outcome.allocation;
  if (outcome.kind === 'over') {
    const state = outcome.allocation?.state ?? allocation.state;
    throw new AppError('conflict', 'session_over', `${id} is ${state}; ask for an allocation under a new id`);
  }
  const { wanted, free, room, role } = outcome;
  const what = `${free} of ${room} ${role} seats of ${id} are free; ${wanted} were asked for, and nobody was seated`;
  throw new AppError('conflict', 'session_full', `${what}. Send fewer, or again when players have left`);
}

function notReady(id: string, { state }: AllocationDocument): AppError {
  if (isFinal(state) || state === 'cancelling')
    return new AppError('conflict', 'session_over', `${id} is ${state}; ask for an allocation under a new id`);
  return new AppError('conflict', 'session_not_ready', `${id} is ${state}; GET …/${id}?wait=30 answers when it is ready`);
}
