/** Event log → deliveries: what a webhook wants is kept for it before its cursor moves on. */
import type { AllocationEvent } from '../../../contracts/allocator-api/event.ts';
import { newDelivery } from '../../store/webhook-deliveries.ts';
import { wants, type WebhookDocument } from '../../store/webhooks.ts';
import type { WebhookParts } from './parts.ts';

export interface Filled {
  /** Webhooks for which something was kept. */
  readonly ids: readonly string[];
  /** The log holds more at once. */
  readonly more: boolean;
  /** What follows this was not there yet; undefined where nobody wants to know. */
  readonly upTo: number | undefined;
  /** A webhook is not as it was thought to be: read them again before the next time. */
  readonly stale: boolean;
}

/** How far a webhook has been looked after here; `cursor` is as stored. */
interface Position {
  readonly generation: number;
  readonly cursor: number;
  readonly scanned: number;
}

/** Bounds what is held in memory, and what one write inserts. */
const BATCH = 200;
/** A cursor that passes only over what its webhook does not want is written this seldom: it costs a second look at them. */
const UNWANTED_BETWEEN_WRITES = 1_000;

/** One per holder of the lease: what it remembers spares reads and writes, and is checked whenever it writes. */
export function createFiller(parts: WebhookParts): (webhooks: readonly WebhookDocument[]) => Promise<Filled> {
  const positions = new Map<string, Position>();

  const positionOf = ({ _id, generation, cursor }: WebhookDocument): Position => {
    const kept = positions.get(_id);
    return kept?.generation === generation ? kept : { generation, cursor, scanned: cursor };
  };

  /** Webhooks that keep up all stand at the same place: the log is read once for them. */
  const byPlace = (webhooks: readonly WebhookDocument[]) => Map.groupBy(webhooks, (webhook) => positionOf(webhook).scanned);

  /** False when somebody else has moved it. */
  const moveOn = async (webhook: WebhookDocument, wanted: number, to: number): Promise<boolean> => {
    const { _id } = webhook;
    const { generation, cursor } = positionOf(webhook);
    const isDue = wanted > 0 || to - cursor >= UNWANTED_BETWEEN_WRITES;
    if (isDue && !(await parts.webhooks.moveCursor({ _id, cursor, generation }, to))) {
      positions.delete(_id);
      if ((await parts.webhooks.find(_id)) === undefined) await parts.deliveries.dropAllOf(_id);
      return false;
    }
    positions.set(_id, { generation, cursor: isDue ? to : cursor, scanned: to });
    return true;
  };

  return async (webhooks) => {
    const ids: string[] = [];
    let more = false;
    let stale = false;
    let upTo: number | undefined;
    for (const [after, group] of byPlace(webhooks)) {
      const events = await parts.events.readAfter(after, BATCH);
      const last = events.at(-1);
      upTo = Math.max(upTo ?? 0, last?.seq ?? after);
      if (last === undefined) continue;
      more ||= events.length === BATCH;
      tellMissed(parts, after, events, group);
      for (const webhook of group) {
        const wanted = events.filter((event) => wants(webhook, event));
        const now = new Date(parts.now());
        await parts.deliveries.add(wanted.map((event) => newDelivery(webhook, event, now)));
        if (!(await moveOn(webhook, wanted.length, last.seq))) stale = true;
        else if (wanted.length > 0) ids.push(webhook._id);
      }
    }
    return { ids, more, stale, upTo };
  };
}

/** The log has no gaps: what is missing at its beginning was pruned. */
function tellMissed(parts: WebhookParts, after: number, events: readonly AllocationEvent[], group: readonly WebhookDocument[]): void {
  const missed = (events[0]?.seq ?? after + 1) - after - 1;
  if (missed === 0) return;
  parts.metrics.missed(missed * group.length);
  for (const { _id } of group) parts.log.warn('events were pruned before a webhook came to them', { webhook: _id, after, missed });
}
