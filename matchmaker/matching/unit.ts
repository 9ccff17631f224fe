/** What is matched as one: a ticket, or a party whose tickets are all there. */
import type { TicketPlayer } from '../../contracts/matchmaker.ts';
import { ownMember } from '../../contracts/own-member.ts';

export interface WaitingTicket {
  readonly id: string;
  readonly build: string;
  readonly players: readonly TicketPlayer[];
  readonly party?: { readonly id: string; readonly size: number } | undefined;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface Unit {
  readonly build: string;
  readonly tickets: readonly WaitingTicket[];
  readonly players: readonly TicketPlayer[];
  /** The mean of its players' skills. */
  readonly skill: number;
  /** Region → the worst round-trip time among its players; only regions that all of them know. */
  readonly worstLatency: ReadonlyMap<string, number>;
  /** When its oldest ticket came. */
  readonly createdAt: number;
}

/** Oldest first; ties by ticket id, so that the same tickets give the same matches in any order. */
export function unitsOf(tickets: readonly WaitingTicket[]): Unit[] {
  const inOrder = tickets.toSorted(byAge);
  const parties = Map.groupBy(inOrder, (ticket) =>
    ticket.party === undefined ? `ticket ${ticket.id}` : `party ${ticket.build} ${ticket.party.size} ${ticket.party.id}`,
  );
  return [...parties.values()]
    .flatMap((members) => {
      const size = members[0]?.party?.size;
      const whole = size === undefined ? members : wholeParty(members, size);
      return whole === undefined ? [] : [unitOf(whole)];
    })
    .toSorted((a, b) => a.createdAt - b.createdAt || compareIds(a.tickets[0]?.id ?? '', b.tickets[0]?.id ?? ''));
}

/** The oldest tickets that make the party complete, each player once; `undefined` while it is not. */
function wholeParty(tickets: readonly WaitingTicket[], size: number): WaitingTicket[] | undefined {
  const taken: WaitingTicket[] = [];
  const players = new Set<string>();
  for (const ticket of tickets) {
    if (players.size + ticket.players.length > size || ticket.players.some((player) => players.has(player.id))) continue;
    taken.push(ticket);
    for (const player of ticket.players) players.add(player.id);
    if (players.size === size) return taken;
  }
  return undefined;
}

function unitOf(tickets: readonly WaitingTicket[]): Unit {
  const players = tickets.flatMap((ticket) => ticket.players);
  return {
    build: tickets[0]?.build ?? '',
    tickets,
    players,
    skill: players.reduce((sum, player) => sum + player.skill, 0) / players.length,
    worstLatency: worstLatencies(players),
    createdAt: Math.min(...tickets.map((ticket) => ticket.createdAt)),
  };
}

function worstLatencies(players: readonly TicketPlayer[]): Map<string, number> {
  const [first, ...others] = players;
  const worst = new Map<string, number>();
  for (const [region, own] of Object.entries(first?.latencies ?? {})) {
    const all = [own, ...others.map((player) => ownMember(player.latencies, region) ?? Number.POSITIVE_INFINITY)];
    const most = Math.max(...all);
    if (Number.isFinite(most)) worst.set(region, most);
  }
  return worst;
}

function byAge(a: WaitingTicket, b: WaitingTicket): number {
  return a.createdAt - b.createdAt || compareIds(a.id, b.id);
}

function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
