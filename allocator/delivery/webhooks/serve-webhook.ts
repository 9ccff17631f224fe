/** One webhook's deliveries: lanes side by side, as many as its receiver bears. Each webhook is served for itself. */
import { pause } from '../../../runtime/deadline.ts';
import type { WebhookDocument } from '../../store/webhooks.ts';
import { deliverLane } from './deliver-lane.ts';
import type { WebhookParts } from './parts.ts';

export interface ServedWebhook {
  /** As it is now; what is under way takes note. */
  update(webhook: WebhookDocument): void;
  /** Something new was kept for it. */
  wake(): void;
  /** Begins no more tries, and gives those under way a moment to be answered. */
  stop(): Promise<void>;
}

/** Lanes at once: some of them may wait for an answer that does not come. */
const WIDE = 16;
/** So many failures in a row: it is not this or that event, the receiver is down, and is only probed until it takes one. */
const PROBES = 2;
/** Retries, and what other processes make due (a retry, a resume), are found by looking. Milliseconds. */
const LOOK_EVERY_MS = 1_000;
/** Lanes that one look finds: bounds what is held. */
const PAGE = 200;
/** What is answered after that is sent again by the next holder. */
const LAST_ANSWERS_MS = 3_000;

export function serveWebhook(parts: WebhookParts, first: WebhookDocument): ServedWebhook {
  const stopping = new AbortController();
  const cutOff = new AbortController();
  // The holder before us may have told of one.
  const outage = { maybe: true };
  const running = new Map<string, Promise<void>>();
  let webhook = first;
  let waiting: string[] = [];
  let lookAgain = true;
  let wakes = 0;
  let stir = new AbortController();
  let failuresInRow = 0;
  const width = () => (failuresInRow >= WIDE ? PROBES : WIDE);

  const wake = () => {
    wakes += 1;
    lookAgain = true;
    stir.abort();
  };

  const start = (allocation: string) => {
    const wakesBefore = wakes;
    const working = deliverLane(parts, {
      allocation,
      webhook: () => (stopping.signal.aborted || webhook.state !== 'active' ? undefined : webhook),
      signal: cutOff.signal,
      outage,
      onTry: (accepted) => {
        failuresInRow = accepted ? 0 : failuresInRow + 1;
      },
    })
      .catch((cause: unknown) => parts.log.warn('a delivery was broken off; it is taken up again', { webhook: webhook._id, cause }))
      .finally(() => {
        running.delete(allocation);
        // What was kept for this lane after its last look was left out of the look at the others.
        if (wakes !== wakesBefore) lookAgain = true;
        stir.abort();
      });
    running.set(allocation, working);
  };

  const look = async () => {
    lookAgain = false;
    const { allocations, more } = await parts.deliveries.dueLanes(webhook._id, new Date(parts.now()), [...running.keys()], PAGE);
    waiting = allocations.filter((allocation) => !running.has(allocation));
    if (more) lookAgain = true;
  };

  const run = async () => {
    while (!stopping.signal.aborted) {
      stir = new AbortController();
      if (waiting.length === 0 && lookAgain && running.size < width()) await look();
      while (waiting.length > 0 && running.size < width()) {
        const next = waiting.shift();
        if (next !== undefined && !running.has(next)) start(next);
      }
      if (waiting.length === 0 && lookAgain && running.size < width()) continue;
      await pause(LOOK_EVERY_MS, stir.signal);
      if (!stir.signal.aborted) lookAgain = true;
    }
  };

  const runOn = async () => {
    while (!stopping.signal.aborted) {
      await run().catch((cause: unknown) => parts.log.warn('the deliveries of a webhook cannot be read', { webhook: webhook._id, cause }));
      lookAgain = true;
      await pause(LOOK_EVERY_MS, stopping.signal);
    }
  };
  const done = runOn();

  return {
    update: (present) => {
      webhook = present;
    },
    wake,
    stop: async () => {
      stopping.abort();
      stir.abort();
      const timer = setTimeout(() => cutOff.abort(), LAST_ANSWERS_MS);
      await done;
      await Promise.all(running.values());
      clearTimeout(timer);
    },
  };
}
