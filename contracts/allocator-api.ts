/** The allocator's API: what a matchmaker asks, and what the bridge of a placed server reports. */
import { z } from 'zod';
import { Allocation, AllocationRequest, AllocationState, Claim, PlayerSession, Trace } from './allocator.ts';
import { defineApi, ORDINARY } from './endpoint.ts';
import { Attempt, Build, ClientId, JsonWebKeySet, KubeName, PlayerId, Uid, Wait } from './words.ts';

const ById = z.object({ id: ClientId });
const ByAttempt = z.object({ uid: Uid, attempt: Attempt });
const HELD = { ...ORDINARY, timeoutMs: 40_000 };
const CLIENTS = ['matchmaker', 'backend', 'operator'] as const;

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

export const allocatorApi = defineApi({
  name: 'allocator',
  title: 'LifeVerse allocator',
  version: '1.0.0',
  description: 'Places sessions on game servers, exactly once.',
  endpoints: {
    requestAllocation: {
      method: 'POST',
      path: '/v1/allocations',
      summary: 'Ask for a game server',
      description: 'The id makes it repeatable: the same id with the same fields is the same allocation, whatever its state.',
      access: CLIENTS,
      headers: z.object({
        prefer: z
          .string()
          .regex(/^wait=\d{1,2}$/, 'write wait=N with N of 0–30 seconds')
          .optional(),
      }),
      body: AllocationRequest,
      responses: {
        200: { description: 'It was asked for before; this is its present state', body: Allocation },
        201: { description: 'Kept, and ready within the wait', body: Allocation },
        202: { description: 'Kept; not settled yet', body: Allocation },
      },
      errors: ['conflict'],
      limits: HELD,
      idempotency: 'repeatable',
    },
    getAllocation: {
      method: 'GET',
      path: '/v1/allocations/{id}',
      summary: 'An allocation',
      description: 'With `wait`, held until its state is no longer `from` (without `from`: until ready or final).',
      access: CLIENTS,
      params: ById,
      query: z.object({ wait: Wait, from: AllocationState.optional() }),
      responses: { 200: { description: 'The allocation', body: Allocation } },
      errors: ['not-found'],
      limits: HELD,
      idempotency: 'safe',
    },
    traceAllocation: {
      method: 'GET',
      path: '/v1/allocations/{id}/trace',
      summary: 'Why this server',
      access: CLIENTS,
      params: ById,
      responses: { 200: { description: 'The decision trace', body: Trace } },
      errors: ['not-found'],
      limits: ORDINARY,
      idempotency: 'safe',
    },
    cancelAllocation: {
      method: 'DELETE',
      path: '/v1/allocations/{id}',
      summary: 'Cancel or end, safe in every state',
      access: CLIENTS,
      params: ById,
      responses: {
        200: { description: 'Final', body: Allocation },
        202: { description: 'On its way to final', body: Allocation },
      },
      errors: ['not-found'],
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
      body: WithReason,
      responses: NOTED,
    },
    endAttempt: {
      ...fromBridge,
      path: '/v1/attempts/{uid}/{attempt}/end',
      summary: 'The session is over',
      body: WithReason,
      responses: NOTED,
    },
    listClusters: {
      method: 'GET',
      path: '/v1/clusters',
      summary: 'Clusters with their fleets and health',
      access: CLIENTS,
      responses: {
        200: {
          description: 'Every known cluster',
          body: z.object({
            clusters: z.array(
              z.object({
                name: z.string(),
                region: z.string(),
                healthy: z.boolean(),
                fleets: z.array(z.object({ name: z.string(), ready: z.int(), allocated: z.int(), total: z.int() })),
              }),
            ),
          }),
        },
      },
      errors: [],
      limits: ORDINARY,
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
  },
});
