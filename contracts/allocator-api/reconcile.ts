/** The clusters held against the store: what the last round found, and the brake of the reaper. */
import { z } from 'zod';
import { defineEndpoints, ORDINARY } from '../endpoint.ts';
import { Instant } from '../words.ts';

const Count = z.int().min(0);

export const ReleaseBrake = z
  .object({
    held: z.boolean().describe('No release that the store does not vouch for passes until it is let go'),
    heldAt: Instant.optional(),
    passed: Count.describe('Such releases in the last minute'),
    limit: Count.describe('Most of them in a minute'),
    allocated: Count.describe('Game servers of ours that are Allocated, in all clusters as this process sees them'),
    waiting: Count.describe('How many were to be released when it was last asked in vain'),
    allowed: Count.describe('How many an operator lets pass beside the limit, still unused'),
    letGoBy: z.string().optional().describe('Who let it go last'),
  })
  .meta({ id: 'ReleaseBrake' });

export const ReconcileRound = z
  .object({
    at: Instant,
    worker: z.string().describe('The process that reconciles'),
    milliseconds: z.number(),
    clusters: z.array(
      z.object({
        name: z.string(),
        skipped: z.boolean().describe('Its API does not answer: nothing in it is judged'),
        verdicts: z.record(z.string(), Count).describe('Verdict → game servers'),
      }),
    ),
    held: z
      .array(z.object({ cluster: z.string(), gameServer: z.string(), uid: z.string(), attempt: z.int(), state: z.string() }))
      .describe('Game servers that wait at the brake, the first 100; `state` is what the store says of the allocation'),
  })
  .meta({ id: 'ReconcileRound' });
export type ReconcileRound = z.infer<typeof ReconcileRound>;

const OPERATORS = ['operator'] as const;

export const reconcileEndpoints = defineEndpoints({
  getReconcile: {
    method: 'GET',
    path: '/v1/reconcile',
    summary: 'What reconciling found, and the brake',
    access: OPERATORS,
    responses: {
      200: { description: 'The last round', body: z.object({ brake: ReleaseBrake, round: ReconcileRound.optional() }) },
    },
    errors: [],
    limits: ORDINARY,
    idempotency: 'safe',
  },
  letGoBrake: {
    method: 'POST',
    path: '/v1/reconcile/brake',
    summary: 'Let the brake go',
    description: 'Look at the held game servers first. What is released ends the sessions on it.',
    access: OPERATORS,
    body: z.object({
      allow: Count.max(1_000_000).optional().describe('How many may pass beside the limit; by default as many as wait now'),
    }),
    responses: { 200: { description: 'The brake as it is now', body: ReleaseBrake } },
    errors: [],
    limits: ORDINARY,
    idempotency: 'repeatable',
  },
});
