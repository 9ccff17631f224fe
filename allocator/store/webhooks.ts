/** Webhooks in MongoDB: who is to be told of what, and how far in the event log they have been served. */
import type { Db } from 'mongodb';
import { z } from 'zod';
import { EventKind, type AllocationEvent } from '../../contracts/allocator-api/event.ts';
import { WebhookState } from '../../contracts/allocator-api/webhooks.ts';
import { documentsOf } from '../../runtime/documents/collection.ts';

export const WebhookDocument = z.object({
  _id: z.string(),
  /** Who made it: the token's subject. */
  client: z.string(),
  ownEventsOnly: z.boolean(),
  url: z.string(),
  kinds: z.array(EventKind),
  fleets: z.array(z.string()),
  description: z.string().nullable(),
  state: WebhookState,
  pausedBecause: z.enum(['asked', 'gone']).nullable(),
  /** The newest first; `until` is null for the newest only. */
  secrets: z.array(z.object({ value: z.string(), until: z.date().nullable() })),
  createdAt: z.date(),
  /** Counts what callers change, not how far it has been served. */
  version: z.int(),
  /** `seq` of the last event for which a delivery is kept where it matches; what follows is not looked at yet. */
  cursor: z.int(),
  /** Counts the replays: what was kept for an earlier one is another delivery. */
  generation: z.int(),
  /** Old events are tried as long as new ones from this instant on: when it was made, resumed or replayed. */
  patientSince: z.date(),
  /** Since when events are given up; null once one is delivered again. */
  failingSince: z.date().nullable(),
});
export type WebhookDocument = z.infer<typeof WebhookDocument>;

export interface Webhooks {
  insert(webhook: WebhookDocument): Promise<void>;
  find(id: string): Promise<WebhookDocument | undefined>;
  /** Oldest first; of one client where it is given. */
  list(client?: string): Promise<WebhookDocument[]>;
  /** A caller's change: false when another one was faster. */
  amend(webhook: WebhookDocument, set: Partial<WebhookDocument>): Promise<boolean>;
  /** False when it was moved, replayed or deleted meanwhile: whoever looks after it has to look again. */
  moveCursor(from: Pick<WebhookDocument, '_id' | 'cursor' | 'generation'>, to: number): Promise<boolean>;
  /** True for the one who found it first: an outage is told once. */
  beginOutage(id: string, at: Date): Promise<boolean>;
  endOutage(id: string): Promise<boolean>;
  remove(id: string): Promise<void>;
}

/** More would have to be read in pages wherever they are listed. */
export const MOST_WEBHOOKS = 100;

export function openWebhooks(db: Db): Webhooks {
  const documents = documentsOf<WebhookDocument>(db, 'webhooks', WebhookDocument);
  return {
    insert: async (webhook) => void (await documents.insert(webhook)),
    find: (id) => documents.find(id),
    // Twice as many: two who make one at the same time may pass the limit by one.
    list: (client) => documents.list(client === undefined ? {} : { client }, { sort: { createdAt: 1 }, limit: 2 * MOST_WEBHOOKS }),
    amend: ({ _id, version }, set) => documents.change({ _id, version }, { $set: { ...set, version: version + 1 } }),
    moveCursor: ({ _id, cursor, generation }, to) => documents.change({ _id, cursor, generation }, { $set: { cursor: to } }),
    beginOutage: (id, at) => documents.change({ _id: id, failingSince: null }, { $set: { failingSince: at } }),
    endOutage: (id) => documents.change({ _id: id, failingSince: { $ne: null } }, { $set: { failingSince: null } }),
    remove: async (id) => void (await documents.remove({ _id: id })),
  };
}

/** Whether an event is to be told to a webhook. */
export function wants(webhook: WebhookDocument, { kind, allocation }: AllocationEvent): boolean {
  if (webhook.ownEventsOnly && allocation.client !== webhook.client) return false;
  if (webhook.kinds.length > 0 && !webhook.kinds.includes(kind)) return false;
  return webhook.fleets.length === 0 || (allocation.fleet !== undefined && webhook.fleets.includes(allocation.fleet));
}

/** The secrets that sign at this instant, the newest first. */
export function secretsInForce(webhook: WebhookDocument, now: number): string[] {
  return webhook.secrets.filter(({ until }) => until === null || until.getTime() > now).map(({ value }) => value);
}
