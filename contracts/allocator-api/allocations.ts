/** Asking for a game server, and what became of it. */
import { z } from 'zod';
import { Allocation, AllocationRequest, AllocationState, Trace } from '../allocator.ts';
import { defineEndpoints, ORDINARY } from '../endpoint.ts';
import { Wait } from '../words.ts';
import { ById, CLIENTS, HELD } from './callers.ts';

export const allocationEndpoints = defineEndpoints({
  requestAllocation: {
    method: 'POST',
    path: '/v1/allocations',
    summary: 'Ask for a game server',
    description:
      'The id makes it repeatable: the same id with the same fields is the same allocation, whatever its state. ' +
      'A build that is closed is a 409 `build_closed` that names the open ones, except to join a live world that runs on it; one that is closed ' +
      'while the allocation waits fails it, with a reason that begins so.',
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
    description:
      'With `wait`, held until its state is no longer `from`, or until it is `until` or can no longer come to that ' +
      '(without both: until ready or final). ' +
      'With `If-None-Match` and the `ETag` of an earlier answer, held until it differs from that. ' +
      'A 304 does not renew join tickets, which are good for five minutes.',
    access: CLIENTS,
    params: ById,
    query: z.object({ wait: Wait, from: AllocationState.optional(), until: z.enum(['allocated', 'ready']).optional() }),
    headers: z.object({ 'if-none-match': z.string().max(1_000).optional() }),
    responses: {
      200: { description: 'The allocation', body: Allocation },
      304: { description: 'It is as you have it' },
    },
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
});
