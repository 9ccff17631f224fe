/**
 * A lane: the events of one allocation to one webhook, one after the other.
 *
 *   next of the lane ──▶ not due yet: what follows waits as long ──▶ end
 *        │  ▲
 *        ▼  │ delivered, or given up
 *       try ─┴─▶ failed: due again later, what follows waits as long ──▶ end
 *        └─▶ 410: the webhook is paused ──▶ end
 */
import type { DeliveryDocument } from '../../store/webhook-deliveries.ts';
import { secretsInForce, type WebhookDocument } from '../../store/webhooks.ts';
import { retryAfterMs, retryDelay } from './backoff.ts';
import { signedMessage } from './message.ts';
import type { WebhookParts } from './parts.ts';
import type { Answer } from './sender.ts';

export interface Lane {
  readonly allocation: string;
  /** As it was a moment ago; `undefined` when it is not to be served any more. */
  readonly webhook: () => WebhookDocument | undefined;
  /** Ends a try that is under way. */
  readonly signal: AbortSignal;
  /** Shared by the lanes of a webhook: whether there may be an outage whose end has to be told. */
  readonly outage: { maybe: boolean };
  /** After each try: whether the receiver took it. */
  readonly onTry: (accepted: boolean) => void;
}

type Given = Exclude<Answer, { kind: 'aborted' }>;

const GONE = 410;

/** Whoever runs it twice at once causes a repeat, never a loss: a delivery is taken out only after its receiver said yes. */
export async function deliverLane(parts: WebhookParts, lane: Lane): Promise<void> {
  for (;;) {
    const webhook = lane.webhook();
    if (webhook === undefined) return;
    const head = await parts.deliveries.head(webhook._id, lane.allocation);
    if (head === undefined) return;
    const now = parts.now();
    if (head.dueAt.getTime() > now) return parts.deliveries.postpone(webhook._id, lane.allocation, head.dueAt);
    const startedAt = performance.now();
    const answer = await parts.sender.send(webhook.url, signedMessage(head.event, secretsInForce(webhook, now), now), lane.signal);
    if (answer.kind === 'aborted') return;
    const seconds = (performance.now() - startedAt) / 1_000;
    const accepted = answer.kind === 'answered' && answer.status >= 200 && answer.status < 300;
    lane.onTry(accepted);
    const goOn = accepted
      ? await accept(parts, webhook, head, lane.outage, seconds)
      : await fail(parts, webhook, head, lane.outage, answer, seconds);
    if (!goOn) return;
  }
}

async function accept(
  parts: WebhookParts,
  webhook: WebhookDocument,
  head: DeliveryDocument,
  outage: Lane['outage'],
  seconds: number,
): Promise<true> {
  await parts.deliveries.delivered(head);
  parts.metrics.tried('delivered', seconds);
  if (!outage.maybe && webhook.failingSince === null) return true;
  outage.maybe = false;
  if (await parts.webhooks.endOutage(webhook._id)) parts.log.info('a webhook takes events again', { webhook: webhook._id });
  return true;
}

/** True when what follows in the lane may go on. */
async function fail(
  parts: WebhookParts,
  webhook: WebhookDocument,
  head: DeliveryDocument,
  outage: Lane['outage'],
  answer: Given,
  seconds: number,
): Promise<boolean> {
  const now = parts.now();
  const isGone = answer.kind === 'answered' && answer.status === GONE;
  const endsAt = Math.max(head.at.getTime(), head.patientSince.getTime(), webhook.patientSince.getTime()) + parts.giveUpMs;
  const isDead = !isGone && now >= endsAt;
  const asked = answer.kind === 'answered' && [429, 503].includes(answer.status) ? retryAfterMs(answer.retryAfter, now) : undefined;
  // The last try falls on the end itself.
  const dueAt = new Date(Math.min(now + retryDelay(head.attempts + 1, asked, parts.luck()), Math.max(endsAt, now)));
  const noted = await parts.deliveries.failed(head, { state: isDead ? 'dead' : 'pending', dueAt, last: lastTryOf(answer, now) });
  parts.metrics.tried(isGone ? 'gone' : isDead ? 'dead' : answer.kind === 'refused' ? 'refused' : 'failed', seconds);
  if (!noted) return false;
  if (isDead) {
    await tellOutage(parts, webhook, head, answer);
    outage.maybe = true;
    return true;
  }
  if (isGone) await pauseGone(parts, webhook);
  await parts.deliveries.postpone(webhook._id, head.allocation, dueAt);
  return false;
}

function lastTryOf(answer: Given, now: number): NonNullable<DeliveryDocument['last']> {
  const at = new Date(now);
  if (answer.kind !== 'answered') return { at, error: answer.why };
  const isRedirect = answer.status >= 300 && answer.status < 400;
  return { at, status: answer.status, error: isRedirect ? 'redirects are not followed: give the final URL' : answer.text };
}

/** Someone must act, and is told once, however many events are given up until one is delivered again. */
async function tellOutage(parts: WebhookParts, webhook: WebhookDocument, head: DeliveryDocument, answer: Given): Promise<void> {
  if (!(await parts.webhooks.beginOutage(webhook._id, new Date(parts.now())))) return;
  parts.log.error('a webhook has not taken an event until its end: it is dead, see its deliveries', {
    webhook: webhook._id,
    origin: new URL(webhook.url).origin,
    seq: head.seq,
    attempts: head.attempts + 1,
    ...(answer.kind === 'answered' ? { status: answer.status } : { why: answer.why }),
  });
}

/** Not when its owner has changed it meanwhile: the answer was to what it was. */
async function pauseGone(parts: WebhookParts, webhook: WebhookDocument): Promise<void> {
  if (!(await parts.webhooks.amend(webhook, { state: 'paused', pausedBecause: 'gone' }))) return;
  parts.log.warn('a webhook is paused: its receiver answered 410', { webhook: webhook._id, origin: new URL(webhook.url).origin });
}
