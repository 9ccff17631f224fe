/** What happened to allocations: to be read, to be followed, and of one of them. */
import { z } from 'zod';
import { defineEndpoints, ORDINARY } from '../endpoint.ts';
import { KubeName, several, Wait, WorldId } from '../words.ts';
import { ById, CLIENTS, HELD } from './callers.ts';
import { AllocationEvent, EventKind } from './event.ts';

const After = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional();

const Which = {
  kind: several(EventKind.options).optional().describe('Only these kinds, with commas between'),
  fleet: KubeName.optional(),
  world: WorldId.optional(),
};

const Paged = {
  after: After.describe('The `seq` to begin after, which is the `next` of your last page; by default at the oldest that is kept'),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  wait: Wait,
};

const EventPage = z
  .object({
    events: z.array(AllocationEvent),
    next: z.int().min(0).describe('Send it as `after` to go on; it counts up also over events that you did not ask for'),
  })
  .meta({ id: 'EventPage' });

const PAGE = { 200: { description: 'In order; empty where there is nothing new', body: EventPage } } as const;
const KEPT = 'Events are kept for seven days: an `after` before that, or beyond the log, is answered with 410 and where to begin.';

export const eventEndpoints = defineEndpoints({
  listEvents: {
    method: 'GET',
    path: '/v1/events',
    summary: 'What happened to allocations',
    description: `With \`wait\`, held until there is something. A matchmaker sees the events of its own allocations. ${KEPT}`,
    access: CLIENTS,
    query: z.object({ ...Paged, ...Which }),
    responses: PAGE,
    errors: ['gone'],
    limits: HELD,
    idempotency: 'safe',
  },
  streamEvents: {
    method: 'GET',
    path: '/v1/events/stream',
    summary: 'What happens to allocations, as it happens',
    description:
      'Server-sent events. Each has its `seq` as id; come again with the last one as `Last-Event-ID`, and nothing is missed. ' +
      `A stream ends after a minute at most. Without \`Last-Event-ID\` and \`after\` it begins now. ${KEPT}`,
    access: CLIENTS,
    query: z.object({ after: After, ...Which }),
    headers: z.object({
      'last-event-id': z
        .string()
        .regex(/^\d{1,15}$/, 'the id of the last event that you saw')
        .optional(),
    }),
    responses: { 200: { description: 'The events', stream: AllocationEvent } },
    errors: ['gone'],
    limits: { ...ORDINARY, timeoutMs: 60_000 },
    idempotency: 'safe',
  },
  listEventsOfAllocation: {
    method: 'GET',
    path: '/v1/allocations/{id}/events',
    summary: 'What happened to one allocation',
    description: `Also after it is final. With \`wait\`, held until there is something. ${KEPT}`,
    access: CLIENTS,
    params: ById,
    query: z.object(Paged),
    responses: PAGE,
    errors: ['gone', 'not-found'],
    limits: HELD,
    idempotency: 'safe',
  },
});
