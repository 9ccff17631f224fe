/** The webhook of Agones' FleetAutoscaler: a question in Agones' own words, answered with a number of replicas. */
import { z } from 'zod';
import { defineEndpoints, ORDINARY } from '../endpoint.ts';
import { KubeName } from '../words.ts';

/** What a fleet with one build of the game is to its players: releases write it as an annotation of the Fleet. */
export const ReleaseState = z.enum(['coming', 'current', 'leaving', 'closed']);
export type ReleaseState = z.infer<typeof ReleaseState>;
export const RELEASE_STATE = 'lifeverse.dev/release-state';

const Replicas = z.int().min(0).max(1_000_000);

/** What Agones 1.5x–1.62 sends; what is not named here is not looked at. */
export const FleetAutoscaleQuestion = z
  .object({
    request: z.object({
      uid: z.string().max(256),
      name: z.string().max(256).describe('The fleet'),
      namespace: z.string().max(256),
      status: z.object({
        replicas: Replicas,
        readyReplicas: Replicas,
        reservedReplicas: Replicas.default(0),
        allocatedReplicas: Replicas,
      }),
      labels: z.record(z.string(), z.string()).nullish(),
      annotations: z.record(z.string(), z.string()).nullish().describe('Of the fleet; `lifeverse.dev/…` sets how it is scaled'),
    }),
    response: z.unknown().optional(),
  })
  .meta({ id: 'FleetAutoscaleQuestion' });
export type FleetAutoscaleQuestion = z.infer<typeof FleetAutoscaleQuestion>;

export const FleetAutoscaleAnswer = z
  .object({ response: z.object({ uid: z.string(), scale: z.boolean(), replicas: z.int() }) })
  .meta({ id: 'FleetAutoscaleAnswer' });

export const autoscalerEndpoints = defineEndpoints({
  scaleFleet: {
    method: 'POST',
    path: '/v1/autoscaler/{cluster}/{fleet}',
    summary: "How many replicas a fleet is to have: the webhook of Agones' FleetAutoscaler",
    description:
      'Agones sends no token, so none is asked for: let only the clusters reach this path. It tells nothing but a number. ' +
      'While the database is away the answer is `scale: false`: the fleet stays as it is.',
    access: 'public',
    params: z.object({ cluster: KubeName, fleet: KubeName }),
    body: FleetAutoscaleQuestion,
    responses: { 200: { description: 'What the fleet is to have', body: FleetAutoscaleAnswer } },
    errors: ['not-found'],
    limits: { ...ORDINARY, bodyBytes: 512 * 1024 },
    idempotency: 'repeatable',
  },
});
