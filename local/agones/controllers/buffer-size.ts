/** How many replicas a buffer asks for (pure). */
import type { BufferPolicy, FleetStatus } from '../resources/fleet.ts';

export interface Desired {
  readonly replicas: number;
  /** A bound of the policy held it back. */
  readonly isLimited: boolean;
}

/** A number of free servers beside the Allocated ones, or the share of all that is to be free, rounded up. */
export function bufferedReplicas({ bufferSize = 0, minReplicas = 0, maxReplicas = 0 }: BufferPolicy, status: FleetStatus): Desired {
  const allocated = status.allocatedReplicas;
  const wanted =
    typeof bufferSize === 'number' ? allocated + bufferSize : Math.ceil((allocated * 100) / (100 - Number.parseInt(bufferSize, 10)));
  if (wanted < minReplicas) return { replicas: minReplicas, isLimited: true };
  if (wanted > maxReplicas) return { replicas: maxReplicas, isLimited: true };
  return { replicas: wanted, isLimited: false };
}
