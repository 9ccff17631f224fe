/** A player speaks for themselves only; a backend or an operator for anybody. */
import { AppError } from '../contracts/app-error.ts';
import type { TicketRequest } from '../contracts/matchmaker.ts';
import type { Principal } from '../runtime/token-check.ts';
import type { KeptTicket } from './ticket.ts';

export interface Caller {
  readonly subject: string;
  /** False for players. */
  readonly trusted: boolean;
}

export function callerOf(principal: Principal | undefined): Caller {
  if (principal === undefined) throw new AppError('forbidden', 'caller_unknown', 'this call needs a token');
  return { subject: principal.subject, trusted: principal.roles.some((role) => role === 'backend' || role === 'operator') };
}

/** @throws AppError `forbidden` for a player who would queue somebody else. */
export function requireMayQueue(caller: Caller, request: TicketRequest): void {
  if (caller.trusted || (request.players.length === 1 && request.players[0]?.id === caller.subject)) return;
  throw new AppError('forbidden', 'players_not_self', 'a player queues themselves only; a party is joined by its id');
}

/** Players see the tickets that they made and those that name them. */
export function maySee(caller: Caller, ticket: KeptTicket): boolean {
  return caller.trusted || ticket.owner === caller.subject || ticket.players.some((player) => player.id === caller.subject);
}

export function mayCancel(caller: Caller, ticket: KeptTicket): boolean {
  return caller.trusted || ticket.owner === caller.subject;
}

/** Whose admissions a caller sees: all, or a player's own. */
export function seesOnly(caller: Caller): string | undefined {
  return caller.trusted ? undefined : caller.subject;
}
