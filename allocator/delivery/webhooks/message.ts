/** What a receiver gets, and its signature (https://github.com/standard-webhooks/standard-webhooks, spec version 1). Pure. */
import { createHmac } from 'node:crypto';
import type { AllocationEvent } from '../../../contracts/allocator-api/event.ts';
import type { WebhookMessage } from '../../../contracts/allocator-api/webhooks.ts';

const PREFIX = 'whsec_';

/** @param random 24 to 64 bytes, by the specification */
export function secretOf(random: Buffer): string {
  return PREFIX + random.toString('base64');
}

export interface SignedMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** @param secrets all that are in force: each signs. @param now milliseconds since the epoch, of this try. */
export function signedMessage(event: AllocationEvent, secrets: readonly string[], now: number): SignedMessage {
  const message: WebhookMessage = { type: `allocation.${event.kind}`, timestamp: event.at, data: event };
  const body = JSON.stringify(message);
  const timestamp = String(Math.floor(now / 1_000));
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'lifeverse-allocator',
      'webhook-id': event.id,
      'webhook-timestamp': timestamp,
      'webhook-signature': secrets.map((secret) => signature(secret, `${event.id}.${timestamp}.${body}`)).join(' '),
      ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
    },
  };
}

function signature(secret: string, text: string): string {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  return `v1,${createHmac('sha256', key).update(text).digest('base64')}`;
}
