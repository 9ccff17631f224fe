/** How many replicas a policy asks for. Of a chain the first entry that can answer: schedules that are not active cannot, nor webhooks that fail. */
import type { ChainEntry, Fleet, FleetAutoscalerPolicy } from '../resources/fleet.ts';
import { bufferedReplicas, type Desired } from './buffer-size.ts';
import { isScheduleActive } from './schedule.ts';
import { webhookReplicas } from './scaling-webhook.ts';

export interface Asking {
  readonly now: Date;
  readonly signal: AbortSignal;
}

export interface Applied extends Desired {
  /** As the status names it: a policy's type, or `Chain:id:type` of the entry that answered. */
  readonly policy: string;
}

/** No entry of a chain could answer; the message is the last one's. */
export class ChainFailed extends Error {}

/** @throws Error when the policy cannot be applied; of a chain, ChainFailed. */
export async function desiredReplicas(policy: FleetAutoscalerPolicy, fleet: Fleet, asking: Asking): Promise<Applied> {
  const { type = '' } = policy;
  if (type === 'Chain') return desiredByChain(policy.chain ?? [], fleet, asking);
  return { ...(await desiredByOne(policy, fleet, asking)), policy: type };
}

async function desiredByOne(policy: FleetAutoscalerPolicy, fleet: Fleet, asking: Asking): Promise<Desired> {
  const { buffer, webhook, schedule, type = '' } = policy;
  if (type === 'Buffer' && buffer && fleet.status !== undefined) return bufferedReplicas(buffer, fleet.status);
  if (type === 'Webhook' && webhook) return { replicas: await webhookReplicas(webhook, fleet, asking.signal) };
  if (type === 'Schedule' && schedule) {
    // To Agones a failure like any other, also of a schedule that stands alone: it warns, and says that it cannot scale.
    if (!isScheduleActive(schedule, asking.now)) throw new Error('inactive schedule, policy not applicable');
    return desiredByOne(schedule.policy, fleet, asking);
  }
  throw new Error(`the stand-in does not know the policy ${type}`);
}

async function desiredByChain(chain: readonly ChainEntry[], fleet: Fleet, asking: Asking): Promise<Applied> {
  let why = "the chain is empty, which would end Agones' controller";
  for (const entry of chain) {
    try {
      return { ...(await desiredByOne(entry, fleet, asking)), policy: `Chain:${entry.id ?? ''}:${entry.type ?? ''}` };
    } catch (error) {
      // What ends the stand-in is no reason to fall back.
      asking.signal.throwIfAborted();
      why = error instanceof Error ? error.message : 'unknown';
    }
  }
  throw new ChainFailed(why);
}
