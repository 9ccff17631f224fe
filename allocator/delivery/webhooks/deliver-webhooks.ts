/**
 * The leased work: fills what is to be delivered from the event log, and serves each active webhook for itself.
 *
 *   events ──fill──▶ webhook_deliveries ──lanes──▶ receiver
 *              └─ then the webhook's cursor      └─ yes: taken out; no: later; not until its end: dead
 *
 * The lease spares the work twice; a holder that was paused and wakes may send again, but takes nothing away that was not
 * delivered.
 */
import { pause } from '../../../runtime/deadline.ts';
import type { WebhookDocument } from '../../store/webhooks.ts';
import { createFiller } from './fill-deliveries.ts';
import type { WebhookParts } from './parts.ts';
import { serveWebhook, type ServedWebhook } from './serve-webhook.ts';

/** The log tells when it grows; this finds new webhooks and what it could not tell. Milliseconds. */
const LOOK_EVERY_MS = 250;
/** Events come in bunches; one look serves a bunch. */
const GATHER_MS = 10;
/** Other processes make, pause and delete webhooks. */
const READ_WEBHOOKS_MS = 1_000;
const MEASURE_MS = 5_000;
const PRUNE_MS = 60_000;
/** As long as the event log. */
const KEPT_MS = 7 * 24 * 3_600_000;

/** Runs until the signal; rejects when the database is away. */
export async function deliverWebhooks(parts: WebhookParts, signal: AbortSignal): Promise<void> {
  const fill = createFiller(parts);
  const served = new Map<string, ServedWebhook>();
  const readWebhooks = every(parts, READ_WEBHOOKS_MS);
  const measure = every(parts, MEASURE_MS);
  const prune = every(parts, PRUNE_MS);
  let active: WebhookDocument[] = [];
  let stale = true;
  try {
    while (!signal.aborted) {
      if (readWebhooks() || stale) {
        active = (await parts.webhooks.list()).filter(({ state }) => state === 'active');
        await serve(parts, served, active);
      }
      const filled = await fill(active);
      ({ stale } = filled);
      for (const id of filled.ids) served.get(id)?.wake();
      if (measure()) await tellHowItStands(parts);
      if (prune())
        await parts.deliveries.prune(
          new Date(parts.now() - KEPT_MS),
          active.map(({ _id }) => _id),
        );
      if (filled.more || stale) continue;
      await (filled.upTo === undefined ? pause(LOOK_EVERY_MS, signal) : parts.grown(filled.upTo, LOOK_EVERY_MS, signal));
      await pause(GATHER_MS, signal);
    }
  } finally {
    await Promise.all([...served.values()].map((one) => one.stop()));
    parts.metrics.stands({ oldestPendingSeconds: 0, dead: 0 });
  }
}

/** Begins with those that are new, tells the others what they are now, ends those that are gone or paused. */
async function serve(parts: WebhookParts, served: Map<string, ServedWebhook>, active: readonly WebhookDocument[]): Promise<void> {
  for (const webhook of active) {
    const present = served.get(webhook._id);
    if (present === undefined) served.set(webhook._id, serveWebhook(parts, webhook));
    else present.update(webhook);
  }
  const ids = new Set(active.map(({ _id }) => _id));
  for (const [id, one] of served) {
    if (ids.has(id)) continue;
    served.delete(id);
    // Nobody waits for its last answers.
    one.stop().catch((cause: unknown) => parts.log.warn('a webhook could not be left', { webhook: id, cause }));
  }
}

async function tellHowItStands(parts: WebhookParts): Promise<void> {
  const [oldest, dead] = await Promise.all([parts.deliveries.oldestPending(), parts.deliveries.count('dead')]);
  parts.metrics.stands({ oldestPendingSeconds: oldest === undefined ? 0 : Math.max(0, parts.now() - oldest.getTime()) / 1_000, dead });
}

function every(parts: WebhookParts, ms: number): () => boolean {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const now = parts.now();
    if (now - last < ms) return false;
    last = now;
    return true;
  };
}
