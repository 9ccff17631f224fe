/**
 * How a fleet's replicas are spread over its sets (pure): the active set has the fleet's template, the others are older.
 *
 * The steps of a rolling update follow the recorded rollout: the new set grows by the surge; the old sets give way as new
 * servers become Ready, never below the wanted number less `maxUnavailable`; Allocated servers hold their place until
 * they end, and an old set whose only servers are Allocated wants none.
 */
import type { Fleet, GameServerSet, IntOrPercent } from '../resources/fleet.ts';

export interface Rollout {
  /** For the set with the fleet's template, whether it exists yet or not. */
  readonly active: number;
  /** Old sets whose number changes. */
  readonly others: readonly { readonly set: GameServerSet; readonly replicas: number }[];
}

export function rolloutOf(fleet: Fleet, active: GameServerSet | undefined, others: readonly GameServerSet[]): Rollout {
  const wanted = fleet.spec.replicas ?? 0;
  if (others.length === 0) return { active: wanted, others: [] };
  const held = sumOf(others, (set) => (set.status?.allocatedReplicas ?? 0) + (set.status?.reservedReplicas ?? 0));
  const target = Math.max(0, wanted - held);
  if (others.every((set) => (set.spec.replicas ?? 0) === 0)) return { active: target, others: [] };
  if (fleet.spec.strategy?.type === 'Recreate') {
    return { active: target, others: others.filter(wantsAny).map((set) => ({ set, replicas: 0 })) };
  }
  return {
    active: grown(fleet, active, others, target),
    others: shrunk(fleet, active, others, held),
  };
}

function grown(fleet: Fleet, active: GameServerSet | undefined, others: readonly GameServerSet[], target: number): number {
  const wanted = fleet.spec.replicas ?? 0;
  const now = active?.spec.replicas ?? 0;
  if (now >= target) return target;
  const surge = shareOf(fleet.spec.strategy?.rollingUpdate?.maxSurge ?? '25%', wanted);
  const total = sumOf(others, (set) => set.status?.replicas ?? 0) + (active?.status?.replicas ?? 0);
  if (now !== (active?.status?.replicas ?? 0) || total >= wanted + surge) return now;
  return Math.min(target, now + surge);
}

function shrunk(
  fleet: Fleet,
  active: GameServerSet | undefined,
  others: readonly GameServerSet[],
  held: number,
): { readonly set: GameServerSet; readonly replicas: number }[] {
  const wanted = fleet.spec.replicas ?? 0;
  const unavailable = Math.max(1, shareOf(fleet.spec.strategy?.rollingUpdate?.maxUnavailable ?? '25%', wanted));
  const activeSpec = active?.spec.replicas ?? 0;
  const notYetUp = activeSpec - (active?.status?.readyReplicas ?? 0) - (active?.status?.allocatedReplicas ?? 0);
  const total = sumOf(others, (set) => set.spec.replicas ?? 0) + activeSpec;
  const spare = total - Math.max(0, wanted - unavailable) - notYetUp;
  let surplus = total - Math.max(0, wanted - held);
  let mayEnd = spare;
  const changes: { readonly set: GameServerSet; readonly replicas: number }[] = [];
  for (const set of others) {
    const now = set.spec.replicas ?? 0;
    const { allocatedReplicas = 0, reservedReplicas = 0, replicas = 0, readyReplicas = 0 } = set.status ?? {};
    const replicasThen =
      replicas === allocatedReplicas + reservedReplicas ? 0 : Math.max(now - Math.max(0, surplus), readyReplicas - mayEnd, 0);
    if (now === 0 || replicasThen >= now || (spare <= 0 && replicasThen !== 0)) continue;
    if (spare <= 0 && replicas !== allocatedReplicas + reservedReplicas) continue;
    surplus -= now - replicasThen;
    mayEnd -= Math.max(0, readyReplicas - replicasThen);
    changes.push({ set, replicas: replicasThen });
  }
  return changes;
}

/** A number, or a share of the wanted number, rounded up. Text without a percent sign counts as a number. */
export function shareOf(share: IntOrPercent, of: number): number {
  if (typeof share === 'number') return share;
  const value = Number.parseInt(share, 10);
  return share.endsWith('%') ? Math.ceil((of * value) / 100) : value;
}

const wantsAny = (set: GameServerSet): boolean => (set.spec.replicas ?? 0) > 0;

const sumOf = (sets: readonly GameServerSet[], amount: (set: GameServerSet) => number): number =>
  sets.reduce((total, set) => total + amount(set), 0);
