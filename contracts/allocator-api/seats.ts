/** Players of a placed session: their seats and their way in. */
import { z } from 'zod';
import { Admission, Allocation, PlayerSession, SessionPlayer } from '../allocator.ts';
import { defineEndpoints, ORDINARY } from '../endpoint.ts';
import { ClientId, JsonWebKeySet, PlayerId, Wait } from '../words.ts';
import { ById, CLIENTS, HELD } from './callers.ts';

const Party = z.object({
  players: z
    .array(SessionPlayer)
    .min(1)
    .max(1_000)
    .refine((players) => new Set(players.map((player) => player.id)).size === players.length, 'name each player once'),
});

export const seatEndpoints = defineEndpoints({
  takeSeats: {
    method: 'POST',
    path: '/v1/allocations/{id}/seats',
    summary: 'More players for a session that is asked for or played: all of them, or none',
    description: 'Who has a seat already keeps it, with its role. Until the session is over.',
    access: CLIENTS,
    params: ById,
    body: Party,
    responses: { 200: { description: 'They have seats; while ready, with the admissions of exactly these players', body: Allocation } },
    errors: ['conflict', 'not-found'],
    limits: ORDINARY,
    idempotency: 'repeatable',
  },
  leaveSeat: {
    method: 'DELETE',
    path: '/v1/allocations/{id}/seats/{player}',
    summary: "A player's seat is free again",
    description:
      'Whoever brought the player. A player without a seat has left already. With `kick` the game server is told to drop the player, whose tickets open nothing any more.',
    access: CLIENTS,
    params: z.object({ id: ClientId, player: PlayerId }),
    query: z.object({
      kick: z.string().min(1).max(256).optional().describe('Why the player has to go, where they have to; the game may show it'),
    }),
    responses: { 200: { description: 'The player has no seat', body: Allocation } },
    errors: ['not-found'],
    limits: ORDINARY,
    idempotency: 'repeatable',
  },
  issueTicket: {
    method: 'POST',
    path: '/v1/allocations/{id}/tickets',
    summary: 'A fresh join ticket for a player who has a seat',
    description: 'The packet key stays the same. Earlier tickets hold until they expire.',
    access: CLIENTS,
    params: ById,
    body: z.object({ playerId: PlayerId }),
    responses: { 200: { description: 'The way in', body: Admission } },
    errors: ['conflict', 'not-found'],
    limits: ORDINARY,
    idempotency: 'repeatable',
  },
  playerSession: {
    method: 'GET',
    path: '/v1/players/{id}/session',
    summary: "A player's live session, with a fresh join ticket",
    description: 'A player may ask for themselves only.',
    access: ['player', ...CLIENTS],
    params: z.object({ id: PlayerId }),
    query: z.object({ wait: Wait }),
    responses: { 200: { description: 'The session', body: PlayerSession } },
    errors: ['not-found'],
    limits: HELD,
    idempotency: 'safe',
  },
  ticketKeys: {
    method: 'GET',
    path: '/.well-known/jwks.json',
    summary: 'Public keys of join tickets and session grants',
    access: 'public',
    responses: { 200: { description: 'The keys', body: JsonWebKeySet } },
    errors: [],
    limits: ORDINARY,
    idempotency: 'safe',
  },
});
