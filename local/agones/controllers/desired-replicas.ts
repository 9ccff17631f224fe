/** How many replicas a policy asks for. Of a chain the first entry that can answer: schedules that are not active cannot, nor webhooks that fail. */
import type { ChainEntry, Fleet, FleetAutoscalerPolicy } from '../resources/fleet.ts';
import type { GameServer } from '../resources/game-server.ts';
import { bufferedReplicas, type Desired } from './buffer-size.ts';
import { capacityReplicas } from './capacity-size.ts';
import { isScheduleActive } from './schedule.ts';
import { webhookReplicas } from './scaling-webhook.ts';

export interface Asking {
  /** Of the fleet, whatever their state. */
  readonly gameServers: () => readonly GameServer[];
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
  const { buffer, webhook, counter, list, schedule, type = '' } = policy;
  if (type === 'Buffer' && buffer && fleet.status !== undefined) return bufferedReplicas(buffer, fleet.status);
  if (type === 'Webhook' && webhook) return { replicas: await webhookReplicas(webhook, fleet, asking.signal), isLimited: false };
  if (type === 'Counter' && counter) return capacityReplicas(type, counter, fleet, asking.gameServers());
  if (type === 'List' && list) return capacityReplicas(type, list, fleet, asking.gameServers());
  if (type === 'Schedule' && schedule) {
    // To Agones a failure like any other, also of a schedule that stands alone: it warns, and says that it cannot scale.
    if (!isScheduleActive(schedule, asking.now)) throw new Error('inactive schedule, policy not applicable');
    return desiredByOne(schedule.policy, fleet, asking);
  }
  // As for any type that has no parameters; Wasm never comes here, since its gate is off.
  throw new Error(`the stand-in cannot apply the policy ${type}`);
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
