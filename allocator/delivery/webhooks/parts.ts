/** What the delivery of webhooks needs of the rest. */
import type { Log } from '../../../runtime/log.ts';
import type { EventLog } from '../../store/events.ts';
import type { WebhookDeliveries } from '../../store/webhook-deliveries.ts';
import type { Webhooks } from '../../store/webhooks.ts';
import type { EventTail } from '../event-tail.ts';
import type { WebhookSender } from './sender.ts';
import type { WebhookMetrics } from './webhook-metrics.ts';

export interface WebhookParts {
  readonly webhooks: Webhooks;
  readonly deliveries: WebhookDeliveries;
  readonly events: Pick<EventLog, 'readAfter'>;
  /** Resolves when the log has more than `seq`, after `ms`, or when the signal aborts. */
  readonly grown: EventTail['grown'];
  readonly sender: Pick<WebhookSender, 'send'>;
  readonly metrics: WebhookMetrics;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Evenly from 0 to 1. */
  readonly luck: () => number;
  /** An event is given up so long after it happened, in milliseconds. */
  readonly giveUpMs: number;
}
