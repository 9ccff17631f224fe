/** Webhooks over HTTP: made, changed, replayed, and looked into. */
import { randomBytes } from 'node:crypto';
import { AppError } from '../../contracts/app-error.ts';
import type { allocatorApi } from '../../contracts/allocator-api.ts';
import type { Webhook, WebhookDelivery } from '../../contracts/allocator-api/webhooks.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import type { Principal } from '../../runtime/token-check.ts';
import { secretOf } from '../delivery/webhooks/message.ts';
import { replayPosition } from '../delivery/webhooks/replay-position.ts';
import type { WebhookSender } from '../delivery/webhooks/sender.ts';
import type { EventLog } from '../store/events.ts';
import { placeOf, type DeliveryDocument, type WebhookDeliveries } from '../store/webhook-deliveries.ts';
import { MOST_WEBHOOKS, type WebhookDocument, type Webhooks } from '../store/webhooks.ts';
import { callerOf, seesAll } from './look-up.ts';

export interface WebhooksApiParts {
  readonly webhooks: Webhooks;
  readonly deliveries: WebhookDeliveries;
  readonly events: Pick<EventLog, 'head' | 'start' | 'readAfter'>;
  readonly sender: Pick<WebhookSender, 'fault'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

type Mine = Pick<
  Handlers<typeof allocatorApi.endpoints>,
  | 'createWebhook'
  | 'listWebhooks'
  | 'getWebhook'
  | 'changeWebhook'
  | 'deleteWebhook'
  | 'rotateWebhookSecret'
  | 'replayWebhook'
  | 'listWebhookDeliveries'
  | 'retryWebhookDelivery'
>;

/** Beside the new one; rotations in a row would make the signature header grow. */
const OLD_SECRETS_KEPT = 3;
const SECRET_BYTES = 32;

export function webhookHandlers({ webhooks, deliveries, events, sender, now }: WebhooksApiParts): Mine {
  const look = async (id: string, principal: Principal | undefined): Promise<WebhookDocument> => {
    const caller = callerOf(principal);
    const found = await webhooks.find(id);
    if (found === undefined || (!seesAll(caller) && found.client !== caller.subject))
      throw new AppError('not-found', 'webhook_unknown', `there is no webhook ${id}`);
    return found;
  };

  const refuseFaulty = async (url: string | undefined) => {
    const fault = url === undefined ? undefined : await sender.fault(url);
    if (fault === undefined) return;
    throw new AppError('invalid', 'webhook_url_refused', `the URL ${fault}`, { faults: [{ pointer: '#/body/url', detail: fault }] });
  };

  /** @returns as it is afterwards. */
  const amend = async (found: WebhookDocument, set: Partial<WebhookDocument>): Promise<WebhookDocument> => {
    if (!(await webhooks.amend(found, set)))
      throw new AppError('conflict', 'webhook_changed', 'the webhook was changed meanwhile; look at it again');
    return { ...found, ...set };
  };

  return {
    createWebhook: async ({ body }, { principal, log }) => {
      const caller = callerOf(principal);
      await refuseFaulty(body.url);
      if ((await webhooks.list()).length >= MOST_WEBHOOKS)
        throw new AppError('conflict', 'webhooks_full', `there are ${MOST_WEBHOOKS} webhooks already: delete one that is not needed`);
      const at = new Date(now());
      const secret = secretOf(randomBytes(SECRET_BYTES));
      const webhook: WebhookDocument = {
        _id: `wh-${randomBytes(16).toString('hex')}`,
        client: caller.subject,
        ownEventsOnly: !seesAll(caller),
        url: body.url,
        kinds: body.kinds,
        fleets: body.fleets,
        description: body.description ?? null,
        state: 'active',
        pausedBecause: null,
        secrets: [{ value: secret, until: null }],
        createdAt: at,
        version: 1,
        cursor: await events.head(),
        generation: 0,
        patientSince: at,
        failingSince: null,
      };
      await webhooks.insert(webhook);
      log.info('a webhook was made', { webhook: webhook._id, origin: new URL(body.url).origin, client: caller.subject });
      return { status: 201, body: { ...viewOf(webhook, now()), secret } };
    },

    listWebhooks: async (_request, { principal }) => {
      const caller = callerOf(principal);
      const found = await webhooks.list(seesAll(caller) ? undefined : caller.subject);
      return { status: 200, body: { webhooks: found.map((webhook) => viewOf(webhook, now())) } };
    },

    getWebhook: async ({ params }, { principal }) => {
      const found = await look(params.id, principal);
      const [pending, dead, oldest] = await Promise.all([
        deliveries.count('pending', found._id),
        deliveries.count('dead', found._id),
        deliveries.oldestPending(found._id),
      ]);
      const oldestPendingAt = oldest?.toISOString();
      return {
        status: 200,
        body: { ...viewOf(found, now()), deliveries: { pending, dead, ...(oldestPendingAt === undefined ? {} : { oldestPendingAt }) } },
      };
    },

    changeWebhook: async ({ params, body }, { principal }) => {
      const found = await look(params.id, principal);
      await refuseFaulty(body.url);
      const { url = found.url, kinds = found.kinds, fleets = found.fleets, description = found.description, state } = body;
      const turned = state === undefined ? {} : turnedTo(state, new Date(now()));
      const present = await amend(found, { url, kinds, fleets, description, ...turned });
      // Whoever has mended the receiver does not want to wait for the backoff of its deliveries.
      if (present.state === 'active' && (body.url ?? state) !== undefined) await deliveries.hurry(found._id, new Date(now()));
      return { status: 200, body: viewOf(present, now()) };
    },

    deleteWebhook: async ({ params }, { principal, log }) => {
      const found = await look(params.id, principal);
      await webhooks.remove(found._id);
      await deliveries.dropAllOf(found._id);
      log.info('a webhook was deleted', { webhook: found._id });
      return { status: 204, body: undefined };
    },

    rotateWebhookSecret: async ({ params, body }, { principal, log }) => {
      const found = await look(params.id, principal);
      const secret = secretOf(randomBytes(SECRET_BYTES));
      const end = new Date(now() + body.overlapSeconds * 1_000);
      const old = found.secrets
        .map(({ value, until }) => ({ value, until: until !== null && until < end ? until : end }))
        .filter(({ until }) => until.getTime() > now())
        .slice(0, OLD_SECRETS_KEPT);
      const present = await amend(found, { secrets: [{ value: secret, until: null }, ...old] });
      log.info('a webhook has a new secret', { webhook: found._id, overlapSeconds: body.overlapSeconds });
      return { status: 200, body: { ...viewOf(present, now()), secret } };
    },

    replayWebhook: async ({ params, body }, { principal, log }) => {
      const found = await look(params.id, principal);
      const after = await replayPosition(events, body);
      const generation = found.generation + 1;
      // The new generation first: should we die in between, something is sent twice, and nothing not at all.
      await amend(found, { cursor: after, generation, patientSince: new Date(now()) });
      await deliveries.dropSuperseded(found._id, generation, after);
      log.info('a webhook is replayed', { webhook: found._id, after });
      return { status: 202, body: { after } };
    },

    listWebhookDeliveries: async ({ params, query }, { principal }) => {
      const found = await look(params.id, principal);
      const page = await deliveries.page(found._id, query.state, query.cursor, query.limit + 1);
      const shown = page.slice(0, query.limit);
      const last = page.length > query.limit ? shown.at(-1) : undefined;
      return { status: 200, body: { deliveries: shown.map(deliveryView), ...(last === undefined ? {} : { next: placeOf(last) }) } };
    },

    retryWebhookDelivery: async ({ params }, { principal }) => {
      const found = await look(params.id, principal);
      if (!(await deliveries.revive(found._id, params.seq, new Date(now()))))
        throw new AppError('not-found', 'dead_delivery_unknown', `this webhook has no dead delivery of the event ${params.seq}`);
      return { status: 202, body: { seq: params.seq } };
    },
  };
}

/** Resumed, it is as patient with what has waited as with what is new. */
function turnedTo(state: WebhookDocument['state'], at: Date): Partial<WebhookDocument> {
  return state === 'paused' ? { state, pausedBecause: 'asked' } : { state, pausedBecause: null, patientSince: at };
}

function viewOf(webhook: WebhookDocument, now: number): Webhook {
  const { _id, client, ownEventsOnly, url, kinds, fleets, description, state, pausedBecause, createdAt, failingSince, secrets } = webhook;
  const oldEnds = secrets.flatMap(({ until }) => (until !== null && until.getTime() > now ? [until.getTime()] : []));
  return {
    id: _id,
    url,
    kinds,
    fleets,
    client,
    ownEventsOnly,
    state,
    createdAt: createdAt.toISOString(),
    ...(description === null ? {} : { description }),
    ...(pausedBecause === null ? {} : { pausedBecause }),
    ...(failingSince === null ? {} : { failingSince: failingSince.toISOString() }),
    ...(oldEnds.length === 0 ? {} : { oldSecretUntil: new Date(Math.max(...oldEnds)).toISOString() }),
  };
}

function deliveryView({ seq, event, state, attempts, last, dueAt }: DeliveryDocument): WebhookDelivery {
  return {
    seq,
    eventId: event.id,
    kind: event.kind,
    allocation: { id: event.allocation.id, uid: event.allocation.uid },
    at: event.at,
    state,
    attempts,
    ...(last === null ? {} : { last: { ...last, at: last.at.toISOString() } }),
    ...(state === 'pending' ? { nextTryAt: dueAt.toISOString() } : {}),
  };
}
