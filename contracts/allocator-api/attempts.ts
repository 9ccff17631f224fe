/** What the bridge of a bound server reports. */
import { z } from 'zod';
import { AllocationState, Claim } from '../allocator.ts';
import { Crash } from '../crash.ts';
import { defineEndpoints, ORDINARY } from '../endpoint.ts';
import { Attempt, Build, KubeName, PlayerId, Uid } from '../words.ts';

const ByAttempt = z.object({ uid: Uid, attempt: Attempt });
const WithReason = z.object({ gameServer: KubeName, reason: z.string().max(1_000) });
const NOTED = { 200: { description: 'Noted', body: z.object({ state: AllocationState }) } } as const;

/** What the bridge of a bound server reports, in which 409 means: not yours, shut down. */
const fromBridge = {
  method: 'POST',
  access: ['game-server'],
  params: ByAttempt,
  errors: ['conflict', 'not-found'],
  limits: ORDINARY,
  idempotency: 'repeatable',
} as const;

export const attemptEndpoints = defineEndpoints({
  claimAttempt: {
    ...fromBridge,
    path: '/v1/attempts/{uid}/{attempt}/claim',
    summary: 'A game server takes up its session',
    body: z.object({ gameServer: KubeName }),
    responses: { 200: { description: 'The session is yours', body: Claim } },
  },
  acceptAttempt: {
    ...fromBridge,
    path: '/v1/attempts/{uid}/{attempt}/accept',
    summary: 'The map is loaded: players may join',
    body: z.object({ gameServer: KubeName, build: Build, port: z.int().min(1).max(65_535).describe('The port that is really bound') }),
    responses: { 200: { description: 'The session is joinable', body: z.object({ state: AllocationState }) } },
  },
  failAttempt: {
    ...fromBridge,
    path: '/v1/attempts/{uid}/{attempt}/fail',
    summary: 'The server cannot hold this session',
    body: WithReason.extend({ crash: Crash.optional().describe('Where its process has died') }),
    responses: NOTED,
  },
  kickFromAttempt: {
    ...fromBridge,
    path: '/v1/attempts/{uid}/{attempt}/kick',
    summary: 'The game has sent a player away: the seat is free',
    description: 'A seat that was given anew meanwhile, which has another packet key, stays.',
    body: z.object({ gameServer: KubeName, playerId: PlayerId, reason: z.string().max(256), keyId: z.string().max(64) }),
    responses: NOTED,
  },
  endAttempt: {
    ...fromBridge,
    path: '/v1/attempts/{uid}/{attempt}/end',
    summary: 'The session is over',
    body: WithReason,
    responses: NOTED,
  },
});
