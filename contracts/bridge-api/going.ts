/** How players and the game server are sent away. */
import { z } from 'zod';
import { defineEndpoints } from '../endpoint.ts';
import { PlayerId } from '../words.ts';
import { DONE, LOCAL } from './acks.ts';
import { Seat } from './seat.ts';

export const goingEndpoints = defineEndpoints({
  kick: {
    ...LOCAL,
    method: 'POST',
    path: '/lifeverse/v1/seats/{player}/kick',
    summary: 'The game sends a player away: the seat is over, and so is every ticket for it',
    description:
      'The allocator is told and frees the seat. Drop the connection and say `leave`. Whoever gives the player a seat anew lets them in again.',
    params: z.object({ player: PlayerId }),
    body: z.object({ reason: z.string().min(1).max(256) }),
    responses: { 200: { description: 'The seat', body: Seat } },
    errors: ['not-found'],
  },
  drain: {
    ...LOCAL,
    method: 'POST',
    path: '/lifeverse/v1/drain',
    summary: 'The game server is about to be stopped, says whoever stops it, such as a preStop hook: a notice of kind drain follows',
    body: z.object({ reason: z.string().min(1).max(256), seconds: z.number().min(0).max(86_400).optional() }),
    responses: DONE,
    errors: [],
  },
});
