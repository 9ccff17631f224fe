/** The scheduler's decision: pure. Packed: the fullest node that still has room, so that the emptiest can be drained. */
import type { Pod } from './pod.ts';

export interface NodeRoom {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly cordoned: boolean;
  readonly maxPods: number;
  /** Bound and not finished. */
  readonly pods: number;
}

/** @returns undefined when no node fits: the pod waits. */
export function chooseNode(pod: Pod, nodes: readonly NodeRoom[]): string | undefined {
  return nodes
    .filter((node) => !node.cordoned && node.pods < node.maxPods && fits(pod, node))
    .toSorted((a, b) => b.pods - a.pods || (a.name < b.name ? -1 : 1))[0]?.name;
}

function fits(pod: Pod, node: NodeRoom): boolean {
  return Object.entries(pod.spec.nodeSelector).every(([name, value]) => node.labels[name] === value);
}
