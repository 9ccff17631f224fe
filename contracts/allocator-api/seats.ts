/** Players of a placed session: their seats and their way in. */
import { z } from 'zod';
import { PlayerSession } from '../allocator.ts';
import { defineEndpoints, ORDINARY } from '../endpoint.ts';
import { JsonWebKeySet, PlayerId, Wait } from '../words.ts';
import { CLIENTS, HELD } from './callers.ts';

export const seatEndpoints = defineEndpoints({
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
