/** A ticket is kept once under its id, however often it is sent. */
import { AppError } from '../../contracts/app-error.ts';
import type { TicketRequest } from '../../contracts/matchmaker.ts';
import { newTicket, type KeptTicket } from '../ticket.ts';
import type { MatchmakerParts } from './matchmaker-parts.ts';

export interface CreatedTicket {
  readonly ticket: KeptTicket;
  /** False: it was there before. */
  readonly made: boolean;
}

/** @throws AppError `invalid` for a mode or size that cannot be played, `conflict` where the id stands for another request. */
export async function createTicket(parts: MatchmakerParts, request: TicketRequest, owner: string): Promise<CreatedTicket> {
  requirePlayable(parts, request);
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

function requirePlayable(parts: MatchmakerParts, request: TicketRequest): void {
  const refuse = (code: string, pointer: string, detail: string): never => {
    throw new AppError('invalid', code, detail, { faults: [{ pointer, detail }] });
  };
  const mode = parts.modes[request.mode];
  if (mode === undefined)
    return refuse('mode_unknown', '#/body/mode', `there is no such mode; there are: ${Object.keys(parts.modes).join(', ')}`);
  if (request.players.length > mode.players)
    return refuse('ticket_too_large', '#/body/players', `a match of this mode has ${mode.players} players`);
  if ((request.party?.size ?? 0) > mode.players)
    return refuse('party_too_large', '#/body/party/size', `a match of this mode has ${mode.players} players`);
}
