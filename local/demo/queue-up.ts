/** From a ticket to a place to play. */
import { AppError } from '../../contracts/app-error.ts';
import type { Admission } from '../../contracts/allocator.ts';
import type { Client } from '../../contracts/client.ts';
import type { matchmakerApi, Ticket, TicketRequest } from '../../contracts/matchmaker.ts';
import { keepAsking } from './keep-asking.ts';

type Matchmaker = Client<typeof matchmakerApi.endpoints>;

export interface Place {
  readonly allocationId: string;
  readonly address: { readonly host: string; readonly port: number };
  readonly world: string | undefined;
  readonly admission: Admission;
}

export interface QueueOptions {
  readonly playerId: string;
  /** Ends the process's waits. */
  readonly signal: AbortSignal;
  /** No further match is begun: who is not matched yet leaves the queue. */
  readonly closing: AbortSignal;
  /** Until placed. */
  readonly withinMs: number;
}

const HOLD_SECONDS = 25;
/** How long a service may be away in between. */
const AWAY_MS = 120_000;

/** @returns undefined where the ticket was cancelled because of `closing`. @throws AppError when it failed or took too long. */
export async function queueUp(matchmaker: Matchmaker, request: TicketRequest, options: QueueOptions): Promise<Place | undefined> {
  const { signal, closing, withinMs } = options;
  const patience = { signal, withinMs: AWAY_MS };
  const deadline = performance.now() + withinMs;
  let { body: ticket } = await keepAsking<{ body: Ticket }>(() => matchmaker.createTicket({ body: request }, { signal }), patience);
  let cancelled = false;
  for (;;) {
    if (ticket.state === 'placed' && ticket.connection !== undefined) return placeOf(ticket, options.playerId);
    if (ticket.state === 'cancelled') return undefined;
    if (ticket.state === 'failed')
      throw new AppError('conflict', 'ticket_failed', `ticket ${ticket.id} failed: ${ticket.reason ?? 'no reason'}`);
    const late = performance.now() > deadline;
    if (!cancelled && (closing.aborted || late)) {
      // Who is matched already is told so, and goes on to play.
      cancelled = true;
      ticket = (await keepAsking(() => matchmaker.cancelTicket({ params: { id: request.id } }, { signal }), patience)).body;
      if (late)
        throw new AppError('timeout', 'never_placed', `ticket ${ticket.id} was not placed within ${withinMs} ms, but is ${ticket.state}`);
      continue;
    }
    ticket = await nextState(matchmaker, ticket, cancelled ? signal : AbortSignal.any([signal, closing]), patience, deadline);
    signal.throwIfAborted();
  }
}

async function nextState(
  matchmaker: Matchmaker,
  ticket: Ticket,
  signal: AbortSignal,
  patience: { readonly signal: AbortSignal; readonly withinMs: number },
  deadline: number,
): Promise<Ticket> {
  const wait = Math.max(0, Math.min(HOLD_SECONDS, Math.ceil((deadline - performance.now()) / 1_000)));
  try {
    return (
      await keepAsking(() => matchmaker.getTicket({ params: { id: ticket.id }, query: { wait } }, { signal }), { ...patience, signal })
    ).body;
  } catch (error) {
    // Only the wait was cut short.
    if (signal.aborted && !patience.signal.aborted) return ticket;
    throw error;
  }
}

function placeOf({ id, connection }: Ticket, playerId: string): Place {
  const admission = connection?.admissions.find((candidate) => candidate.playerId === playerId);
  if (connection === undefined || admission === undefined)
    throw new AppError('internal', 'no_admission', `ticket ${id} is placed, but has no admission for its player`);
  return { allocationId: connection.allocationId, address: connection.address, world: connection.world, admission };
}
