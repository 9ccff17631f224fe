/** What is counted of webhooks. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** `failed` is tried again; `refused` too, but was not sent; `dead` was given up; `gone` paused its webhook. */
export type Outcome = 'delivered' | 'failed' | 'refused' | 'dead' | 'gone';

export interface WebhookMetrics {
  /** One try, by what came of it. */
  tried(outcome: Outcome, seconds: number): void;
  /** Events that were pruned before a webhook came to them. */
  missed(count: number): void;
  /** How it stands; only the process that delivers says so, all others say 0. */
  stands(now: { readonly oldestPendingSeconds: number; readonly dead: number }): void;
}

export function createWebhookMetrics(registry: Registry): WebhookMetrics {
  const registers = [registry];
  const deliveries = new Counter({
    name: 'lifeverse_webhook_deliveries_total',
    help: 'Tries to deliver an event to a webhook, by outcome',
    labelNames: ['outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'lifeverse_webhook_delivery_duration_seconds',
    help: 'Time of one try to deliver an event to a webhook',
    labelNames: ['outcome'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const missed = new Counter({
    name: 'lifeverse_webhook_events_missed_total',
    help: 'Events that were pruned from the log before a webhook came to them',
    registers,
  });
  const oldest = new Gauge({
    name: 'lifeverse_webhook_oldest_pending_seconds',
    help: 'Age of the oldest event that still is to be delivered to a webhook',
    registers,
  });
  const dead = new Gauge({
    name: 'lifeverse_webhook_dead_letters',
    help: 'Events that were given up and are kept for a retry, counted up to 10,000',
    registers,
  });
  return {
    tried: (outcome, took) => {
      deliveries.inc({ outcome });
      seconds.observe({ outcome }, took);
    },
    missed: (count) => missed.inc(count),
    stands: (now) => {
      oldest.set(now.oldestPendingSeconds);
      dead.set(now.dead);
    },
  };
}
