/**
 * What still is to be delivered to webhooks, one document per webhook and event: put here before the webhook's cursor moves on,
 * taken out when the receiver has said yes, or kept as dead when it was given up.
 */
import { MongoBulkWriteError, type Db, type Filter } from 'mongodb';
import { z } from 'zod';
import { AllocationEvent } from '../../contracts/allocator-api/event.ts';
import { documentsOf, ensureIndexes, translated } from '../../runtime/documents/collection.ts';
import { eventKeyOf } from './events.ts';
import type { WebhookDocument } from './webhooks.ts';

const LastTry = z.object({ at: z.date(), status: z.int().optional(), error: z.string() });

const DeliveryDocument = z.object({
  /** Webhook, place in the log and generation: whoever puts it here twice puts it here once. */
  _id: z.string(),
  webhook: z.string(),
  generation: z.int(),
  seq: z.int(),
  /** uid of the allocation: its events go one after the other. */
  allocation: z.string(),
  /** When it happened. */
  at: z.date(),
  state: z.enum(['pending', 'dead']),
  /** Not to be tried before; an event that waits for an earlier one of its allocation has that one's. */
  dueAt: z.date(),
  /** It is given up so and so long after this, or after it happened, whichever is later. */
  patientSince: z.date(),
  attempts: z.int(),
  last: LastTry.nullable(),
  event: AllocationEvent,
});
export type DeliveryDocument = z.infer<typeof DeliveryDocument>;

export interface Failure {
  readonly state: DeliveryDocument['state'];
  readonly dueAt: Date;
  readonly last: NonNullable<DeliveryDocument['last']>;
}

export interface WebhookDeliveries {
  /** Those that are here already stay as they are. */
  add(deliveries: readonly DeliveryDocument[]): Promise<void>;
  /** Allocations with something due, those that wait longest first; not the ones `besides`. `more`: there are others. */
  dueLanes(webhook: string, now: Date, besides: readonly string[], limit: number): Promise<{ allocations: string[]; more: boolean }>;
  /** The next of an allocation, due or not. */
  head(webhook: string, allocation: string): Promise<DeliveryDocument | undefined>;
  delivered(delivery: DeliveryDocument): Promise<void>;
  /** False when another has noted a try meanwhile. */
  failed(delivery: DeliveryDocument, failure: Failure): Promise<boolean>;
  /** What follows a delivery waits as long as that. */
  postpone(webhook: string, allocation: string, until: Date): Promise<void>;
  /** Everything pending is due now. */
  hurry(webhook: string, now: Date): Promise<void>;
  /** Dead → pending. False when there is no dead one with this place in the log. */
  revive(webhook: string, seq: number, now: Date): Promise<boolean>;
  /** In the order of the log, after `cursor`, which is the place of the last one seen; see `placeOf`. */
  page(webhook: string, state: DeliveryDocument['state'], cursor: string | undefined, limit: number): Promise<DeliveryDocument[]>;
  /** After a replay: what it sends again need not be sent for the generations before. */
  dropSuperseded(webhook: string, generation: number, after: number): Promise<void>;
  dropAllOf(webhook: string): Promise<void>;
  /** The dead, and those of webhooks that are not served, which happened before. */
  prune(before: Date, served: readonly string[]): Promise<number>;
  /** Counted up to a bound; of one webhook, or of all. */
  count(state: DeliveryDocument['state'], webhook?: string): Promise<number>;
  /** When the oldest pending one happened. */
  oldestPending(webhook?: string): Promise<Date | undefined>;
}

const MOST_COUNTED = 10_000;

export async function openWebhookDeliveries(db: Db): Promise<WebhookDeliveries> {
  const documents = documentsOf<DeliveryDocument>(db, 'webhook_deliveries', DeliveryDocument);
  await ensureIndexes(documents, [
    { key: { webhook: 1, state: 1, dueAt: 1 }, name: 'due' },
    { key: { webhook: 1, allocation: 1, state: 1, seq: 1 }, name: 'lane' },
    { key: { webhook: 1, state: 1, _id: 1 }, name: 'page' },
    { key: { state: 1, at: 1 }, name: 'age' },
  ]);
  const { raw } = documents;
  const ofWebhook = (webhook: string | undefined) => (webhook === undefined ? {} : { webhook });
  const pending = (webhook: string): Filter<DeliveryDocument> => ({ webhook, state: 'pending' });
  return {
    add: (deliveries) => translated(() => insertMissing(raw, deliveries)),
    dueLanes: (webhook, now, besides, limit) =>
      translated(async () => {
        const rows = await raw
          .find({ ...pending(webhook), dueAt: { $lte: now }, ...(besides.length === 0 ? {} : { allocation: { $nin: [...besides] } }) })
          .project<{ allocation: string }>({ allocation: 1 })
          .sort({ dueAt: 1 })
          .limit(limit)
          .toArray();
        return { allocations: [...new Set(rows.map(({ allocation }) => allocation))], more: rows.length === limit };
      }),
    head: async (webhook, allocation) =>
      (await documents.list({ ...pending(webhook), allocation }, { sort: { seq: 1, generation: 1 }, limit: 1 }))[0],
    delivered: async ({ _id }) => void (await documents.remove({ _id })),
    failed: ({ _id, attempts }, { state, dueAt, last }) =>
      documents.change({ _id, attempts, state: 'pending' }, { $set: { state, dueAt, last, attempts: attempts + 1 } }),
    postpone: (webhook, allocation, until) =>
      translated(
        async () => void (await raw.updateMany({ ...pending(webhook), allocation, dueAt: { $lt: until } }, { $set: { dueAt: until } })),
      ),
    hurry: (webhook, now) =>
      translated(async () => void (await raw.updateMany({ ...pending(webhook), dueAt: { $gt: now } }, { $set: { dueAt: now } }))),
    revive: (webhook, seq, now) =>
      translated(async () => {
        const update = { $set: { state: 'pending' as const, dueAt: now, patientSince: now } };
        return (await raw.updateMany({ webhook, state: 'dead', seq }, update)).matchedCount > 0;
      }),
    page: (webhook, state, cursor, limit) =>
      documents.list(
        { webhook, state, ...(cursor === undefined ? {} : { _id: { $gt: `${webhook}/${cursor}` } }) },
        { sort: { _id: 1 }, limit },
      ),
    dropSuperseded: async (webhook, generation, after) =>
      void (await documents.remove({ webhook, generation: { $lt: generation }, seq: { $gt: after } })),
    dropAllOf: async (webhook) => void (await documents.remove({ webhook })),
    prune: async (before, served) =>
      (await documents.remove({ state: 'dead', at: { $lt: before } })) +
      (await documents.remove({ state: 'pending', at: { $lt: before }, webhook: { $nin: [...served] } })),
    count: (state, webhook) => translated(() => raw.countDocuments({ ...ofWebhook(webhook), state }, { limit: MOST_COUNTED })),
    oldestPending: async (webhook) =>
      (await documents.list({ ...ofWebhook(webhook), state: 'pending' }, { sort: { at: 1 }, limit: 1 }))[0]?.at,
  };
}

export function newDelivery(webhook: WebhookDocument, event: AllocationEvent, now: Date): DeliveryDocument {
  const { _id, generation, patientSince } = webhook;
  return {
    _id: `${_id}/${placeOf({ seq: event.seq, generation })}`,
    webhook: _id,
    generation,
    seq: event.seq,
    allocation: event.allocation.uid,
    at: new Date(event.at),
    state: 'pending',
    dueAt: now,
    patientSince,
    attempts: 0,
    last: null,
    event,
  };
}

/** Place among the deliveries of a webhook: in the order of the log, then of the replays. */
export function placeOf({ seq, generation }: Pick<DeliveryDocument, 'seq' | 'generation'>): string {
  return `${eventKeyOf(seq)}.${String(generation).padStart(8, '0')}`;
}

const DUPLICATE_KEY = 11_000;

async function insertMissing(
  raw: { insertMany(documents: DeliveryDocument[], options: { ordered: boolean }): Promise<unknown> },
  deliveries: readonly DeliveryDocument[],
): Promise<void> {
  if (deliveries.length === 0) return;
  try {
    await raw.insertMany([...deliveries], { ordered: false });
  } catch (cause) {
    const errors = cause instanceof MongoBulkWriteError ? [cause.writeErrors].flat() : [];
    if (errors.length === 0 || errors.some((error) => error.code !== DUPLICATE_KEY)) throw cause;
  }
}
