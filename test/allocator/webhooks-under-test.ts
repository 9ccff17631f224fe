/**
 * Webhooks between a real database, a real event log, the served API and receivers on loopback, in the test's own process:
 * dispatchers can be begun and ended at will, also two at once.
 */
import { randomBytes } from 'node:crypto';
import { webhookHandlers } from '../../allocator/api/webhooks.ts';
import { createEventTail } from '../../allocator/delivery/event-tail.ts';
import { deliverWebhooks } from '../../allocator/delivery/webhooks/deliver-webhooks.ts';
import type { WebhookParts } from '../../allocator/delivery/webhooks/parts.ts';
import { createWebhookSender, type SenderOptions } from '../../allocator/delivery/webhooks/sender.ts';
import { createWebhookMetrics } from '../../allocator/delivery/webhooks/webhook-metrics.ts';
import { openEventLog, type NewEvent } from '../../allocator/store/events.ts';
import { openWebhookDeliveries } from '../../allocator/store/webhook-deliveries.ts';
import { openWebhooks } from '../../allocator/store/webhooks.ts';
import { AppError } from '../../contracts/app-error.ts';
import type { EventKind } from '../../contracts/allocator-api/event.ts';
import { webhookEndpoints } from '../../contracts/allocator-api/webhooks.ts';
import { defineApi } from '../../contracts/endpoint.ts';
import { testStack } from '../../local/testing.ts';
import type { Log, LogFields } from '../../runtime/log.ts';
import { createRegistry } from '../../runtime/metrics.ts';
import { freshDatabase } from '../services/fresh-database.ts';
import { serveForTest } from '../services/serve-for-test.ts';
import { createTokenIssuer } from '../services/token-issuer.ts';

const webhookApi = defineApi({ name: 'webhooks', title: 'Webhooks', version: '1.0.0', description: '', endpoints: webhookEndpoints });

export interface Options extends Partial<Pick<WebhookParts, 'giveUpMs' | 'luck'>> {
  readonly privateAddresses?: SenderOptions['privateAddresses'];
}

export async function webhooksUnderTest({ privateAddresses = 'allow', giveUpMs = 86_400_000, luck = () => 0 }: Options = {}) {
  const { authority } = await testStack();
  const database = await freshDatabase();
  const events = await openEventLog(database.db);
  const webhooks = openWebhooks(database.db);
  const deliveries = await openWebhookDeliveries(database.db);
  const sender = createWebhookSender({ privateAddresses, caFile: authority.caFile });
  const registry = createRegistry('webhooks');
  const lines: { level: string; message: string; fields: LogFields | undefined }[] = [];
  const at = (level: string) => (message: string, fields?: LogFields) => void lines.push({ level, message, fields });
  const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), with: () => log };
  const tail = createEventTail(events, log);
  const parts: WebhookParts = {
    webhooks,
    deliveries,
    events,
    grown: (seq, ms, held) => tail.grown(seq, ms, held),
    sender,
    metrics: createWebhookMetrics(registry),
    log,
    now: Date.now,
    luck,
    giveUpMs,
  };
  const stopTail = new AbortController();
  const following = tail.run(stopTail.signal);
  const issuer = await createTokenIssuer('https://webhooks.test', ['matchmaker', 'backend', 'operator', 'player']);
  const served = await serveForTest(webhookApi, webhookHandlers({ webhooks, deliveries, events, sender, now: Date.now }), [issuer.trusted]);
  const dispatchers = new Set<() => Promise<void>>();

  return {
    parts,
    database,
    events,
    registry,
    lines,
    as: async (subject: string, role: 'matchmaker' | 'backend' | 'operator' | 'player') =>
      served.client(await issuer.sign(subject, [role])),
    /** As the holder of the lease does; the function ends it. */
    dispatch: (changes: Partial<WebhookParts> = {}) => {
      const stop = new AbortController();
      const done = deliverWebhooks({ ...parts, ...changes }, stop.signal);
      done.catch(() => {});
      const end = async () => {
        stop.abort();
        dispatchers.delete(end);
        await done;
      };
      dispatchers.add(end);
      return end;
    },
    endAll: () => Promise.all([...dispatchers].map((end) => end())),
    /** @returns their numbers */
    append: async (...made: NewEvent[]): Promise<number[]> => {
      await events.append(made);
      const head = await events.head();
      return made.map((_, nth) => head - made.length + 1 + nth);
    },
    close: async () => {
      await Promise.allSettled([...dispatchers].map((end) => end()));
      stopTail.abort();
      await following;
      await served.close();
      await sender.close();
      await database.close();
    },
  };
}

export type WebhooksUnderTest = Awaited<ReturnType<typeof webhooksUnderTest>>;

export const newUid = () => randomBytes(16).toString('hex');

export function anEvent(uid: string, kind: EventKind = 'queued', changes: { client?: string; fleet?: string; at?: Date } = {}): NewEvent {
  const { client = 'service:matchmaker', fleet = 'duels', at = new Date() } = changes;
  return {
    eventId: newUid(),
    kind,
    at,
    allocation: { id: `m-${uid.slice(0, 8)}`, uid, client, state: 'queued', fleet, build: 'dev', mode: 'duel' },
    data: { reason: 'a test' },
  };
}

export const refusedWith =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof AppError && error.code === code;
