/** A ticket is kept once under its id, however often it is sent. */
import { AppError } from '../../contracts/app-error.ts';
import { BUILD_CLOSED, buildClosed } from '../../contracts/build-closed.ts';
import type { TicketRequest } from '../../contracts/matchmaker.ts';
import { ownMember } from '../../contracts/own-member.ts';
import { newTicket, type KeptTicket } from '../ticket.ts';
import type { Mode } from '../mode.ts';
import type { MatchmakerParts } from './matchmaker-parts.ts';
import { closedFor } from './refuse-closed.ts';

export interface CreatedTicket {
  readonly ticket: KeptTicket;
  /** False: it was there before. */
  readonly made: boolean;
}

/**
 * @throws AppError `invalid` for a mode or size that cannot be played, `conflict` where the id stands for another request, or where it is new
 * and its build is closed.
 */
export async function createTicket(parts: MatchmakerParts, request: TicketRequest, owner: string): Promise<CreatedTicket> {
  const mode = playableMode(parts, request);
  const closed = await closedFor(parts, mode, request);
  // A ticket that was kept by then is answered as it is.
  if (closed !== undefined && (await parts.tickets.find(request.id)) === undefined) {
    parts.events.ticketRefused(request.mode, BUILD_CLOSED);
    throw buildClosed(closed);
  }
  const ticket = newTicket(request, owner, parts.now());
  if ((await parts.tickets.insert(ticket)).inserted) {
    parts.events.ticketQueued(ticket.mode);
    return { ticket, made: true };
  }
  const kept = await parts.tickets.find(ticket._id);
  if (kept === undefined || kept.owner !== owner || kept.fingerprint !== ticket.fingerprint)
    throw new AppError('conflict', 'ticket_differs', 'this id stands for another ticket: choose a new one');
  return { ticket: kept, made: false };
}

function playableMode(parts: MatchmakerParts, request: TicketRequest): Mode {
  const refuse = (code: string, pointer: string, detail: string): never => {
    throw new AppError('invalid', code, detail, { faults: [{ pointer, detail }] });
  };
  const mode = ownMember(parts.modes, request.mode);
  if (mode === undefined)
    return refuse('mode_unknown', '#/body/mode', `there is no such mode; there are: ${Object.keys(parts.modes).join(', ')}`);
  if (request.players.length > mode.players)
    return refuse('ticket_too_large', '#/body/players', `a match of this mode has ${mode.players} players`);
  if ((request.party?.size ?? 0) > mode.players)
    return refuse('party_too_large', '#/body/party/size', `a match of this mode has ${mode.players} players`);
  return mode;
}
