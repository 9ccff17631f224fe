/** Being told of what happens to allocations, over HTTP and signed (https://www.standardwebhooks.com). */
import { z } from 'zod';
import { defineEndpoints, ORDINARY } from '../endpoint.ts';
import { Instant, KubeName } from '../words.ts';
import { CLIENTS } from './callers.ts';
import { AllocationEvent, EventKind } from './event.ts';

const DAY_SECONDS = 86_400;

const WebhookId = z.string().regex(/^wh-[0-9a-f]{32}$/, 'the id that was given with the webhook');
const WebhookUrl = z
  .url({ protocol: /^https?$/ })
  .max(2_048)
  .describe('https, without a login; public addresses only unless allowed');
const Kinds = z.array(EventKind).max(50).describe('Which events; empty means all');
const Fleets = z.array(KubeName).max(100).describe('Of which fleets; empty means any');
const Description = z.string().max(256);
const SecretText = z.string().describe('Verifies the signatures; shown this once');

export const WebhookState = z
  .enum(['active', 'paused'])
  .meta({ id: 'WebhookState', description: 'While paused nothing is sent; what happens meanwhile is sent afterwards, up to 7 days of it' });

const webhookShape = {
  id: WebhookId,
  url: z.string(),
  kinds: Kinds,
  fleets: Fleets,
  description: Description.optional(),
  client: z.string().describe('Who made it'),
  ownEventsOnly: z.boolean().describe('It is told of the allocations of its maker only'),
  state: WebhookState,
  pausedBecause: z.enum(['asked', 'gone']).optional().describe('`gone`: the receiver answered 410'),
  failingSince: Instant.optional().describe('Since when events are given up; absent once one is delivered again'),
  oldSecretUntil: Instant.optional().describe('During a rotation: until when the old secret signs, too'),
  createdAt: Instant,
};
export const Webhook = z.object(webhookShape).meta({ id: 'Webhook' });
export type Webhook = z.infer<typeof Webhook>;

const WebhookDetail = z
  .object({
    ...webhookShape,
    deliveries: z.object({
      pending: z.int().describe('Events that still are to be delivered, counted up to 10,000'),
      dead: z.int().describe('Events that were given up, counted up to 10,000'),
      oldestPendingAt: Instant.optional(),
    }),
  })
  .meta({ id: 'WebhookDetail' });

const WithSecret = z.object({ ...webhookShape, secret: SecretText }).meta({ id: 'WebhookWithSecret' });

export const WebhookDelivery = z
  .object({
    seq: z.int(),
    eventId: z.string(),
    kind: EventKind,
    allocation: z.object({ id: z.string(), uid: z.string() }),
    at: Instant.describe('When it happened'),
    state: z.enum(['pending', 'dead']),
    attempts: z.int(),
    last: z
      .object({
        at: Instant,
        status: z.int().optional(),
        error: z.string().describe('At most 200 characters of the answer, or what went wrong'),
      })
      .optional()
      .describe('The last try'),
    nextTryAt: Instant.optional(),
  })
  .meta({ id: 'WebhookDelivery' });
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;

/** What the receiver of a webhook gets as its body. */
export const WebhookMessage = z
  .object({ type: z.templateLiteral(['allocation.', EventKind]), timestamp: Instant, data: AllocationEvent })
  .meta({ id: 'WebhookMessage' });
export type WebhookMessage = z.infer<typeof WebhookMessage>;

const ById = z.object({ id: WebhookId });
const known = { access: CLIENTS, params: ById, errors: ['not-found'], limits: ORDINARY } as const;

export const webhookEndpoints = defineEndpoints({
  createWebhook: {
    method: 'POST',
    path: '/v1/webhooks',
    summary: 'Be told of events',
    description: 'From now on. A matchmaker is told of its own allocations only. The secret is shown this once.',
    access: CLIENTS,
    body: z.object({ url: WebhookUrl, kinds: Kinds.default([]), fleets: Fleets.default([]), description: Description.optional() }),
    responses: { 201: { description: 'Made', body: WithSecret } },
    errors: ['conflict'],
    limits: { ...ORDINARY, perMinute: 60 },
    idempotency: 'once',
  },
  listWebhooks: {
    method: 'GET',
    path: '/v1/webhooks',
    summary: 'The webhooks; a matchmaker sees its own',
    access: CLIENTS,
    responses: { 200: { description: 'Oldest first; there are 100 at most', body: z.object({ webhooks: z.array(Webhook) }) } },
    errors: [],
    limits: ORDINARY,
    idempotency: 'safe',
  },
  getWebhook: {
    ...known,
    method: 'GET',
    path: '/v1/webhooks/{id}',
    summary: 'A webhook, and how far behind it is',
    responses: { 200: { description: 'The webhook', body: WebhookDetail } },
    idempotency: 'safe',
  },
  changeWebhook: {
    ...known,
    method: 'PATCH',
    path: '/v1/webhooks/{id}',
    summary: 'Change, pause or resume',
    description: 'What is left out stays. A resumed webhook is sent what happened meanwhile.',
    body: z.object({
      url: WebhookUrl.optional(),
      kinds: Kinds.optional(),
      fleets: Fleets.optional(),
      description: Description.optional(),
      state: WebhookState.optional(),
    }),
    responses: { 200: { description: 'As it is now', body: Webhook } },
    errors: ['not-found', 'conflict'],
    idempotency: 'repeatable',
  },
  deleteWebhook: {
    ...known,
    method: 'DELETE',
    path: '/v1/webhooks/{id}',
    summary: 'Be told no more',
    responses: { 204: { description: 'Gone, with all that was to be delivered' } },
    idempotency: 'repeatable',
  },
  rotateWebhookSecret: {
    ...known,
    method: 'POST',
    path: '/v1/webhooks/{id}/secret',
    summary: 'A new secret',
    description: 'Until the old one ends, each message is signed with both. With `overlapSeconds: 0` the old one ends at once.',
    body: z.object({
      overlapSeconds: z
        .int()
        .min(0)
        .max(7 * DAY_SECONDS)
        .default(DAY_SECONDS)
        .describe('How long the old secret signs, too'),
    }),
    responses: { 200: { description: 'The new secret', body: WithSecret } },
    errors: ['not-found', 'conflict'],
    idempotency: 'once',
  },
  replayWebhook: {
    ...known,
    method: 'POST',
    path: '/v1/webhooks/{id}/replay',
    summary: 'Send again everything from there',
    description: 'As far back as 7 days; 410 when what is asked for is no longer kept.',
    body: z
      .object({
        after: z
          .int()
          .min(0)
          .max(Number.MAX_SAFE_INTEGER)
          .optional()
          .describe('The event with this `seq` is the last that is not sent again'),
        since: Instant.optional().describe('Everything that happened from then on'),
      })
      .refine(({ after, since }) => (after === undefined) !== (since === undefined), 'give either after or since'),
    responses: { 202: { description: 'Begun', body: z.object({ after: z.int() }) } },
    errors: ['not-found', 'gone', 'conflict'],
    idempotency: 'repeatable',
  },
  listWebhookDeliveries: {
    ...known,
    method: 'GET',
    path: '/v1/webhooks/{id}/deliveries',
    summary: 'What still is to be delivered, and what was given up',
    query: z.object({
      state: z.enum(['pending', 'dead']).default('pending'),
      cursor: z
        .string()
        .regex(/^\d{16}\.\d{8}$/, 'the `next` of the page before')
        .optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
    responses: {
      200: {
        description: 'In the order of the event log',
        body: z.object({
          deliveries: z.array(WebhookDelivery),
          next: z.string().optional().describe('`cursor` of the next page; absent on the last'),
        }),
      },
    },
    idempotency: 'safe',
  },
  retryWebhookDelivery: {
    ...known,
    method: 'POST',
    path: '/v1/webhooks/{id}/deliveries/{seq}/retry',
    summary: 'Try a dead one again, as long as a new one',
    params: ById.extend({ seq: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) }),
    responses: { 202: { description: 'Pending again', body: z.object({ seq: z.int() }) } },
    idempotency: 'repeatable',
  },
});
