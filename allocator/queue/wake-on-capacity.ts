/** A server became Ready: the first in line for its fleet get a turn, as many as there are servers. */
import type { Log } from '../../runtime/log.ts';
import type { AgonesCluster } from '../clusters/agones-cluster.ts';
import type { Allocations } from '../store/allocations.ts';
import type { Turns } from './turns.ts';

/** Servers come in bunches; one look serves a bunch. Milliseconds. */
const GATHER_MS = 20;
/** Whoever is first in line may not be served by this cluster: look a little further. */
const LOOK_FURTHER = 20;

export function wakeOnCapacity(clusters: readonly AgonesCluster[], allocations: Allocations, turns: Turns, log: Log): void {
  const gathering = new Set<string>();
  const wake = async (fleet: string, build: string) => {
    const ready = clusters.reduce((sum, cluster) => sum + cluster.census.ready(fleet, build), 0);
    for (const { _id } of await allocations.line(fleet, build, ready + LOOK_FURTHER)) turns.give(_id);
  };
  for (const cluster of clusters) {
    cluster.census.onChange((before, after) => {
      if (after?.state !== 'Ready' || before?.state === 'Ready') return;
      const key = `${after.fleet}/${after.build}`;
      if (gathering.has(key)) return;
      gathering.add(key);
      setTimeout(() => {
        gathering.delete(key);
        wake(after.fleet, after.build).catch((cause: unknown) => log.debug('could not wake those in line; the backstop will', { cause }));
      }, GATHER_MS).unref();
    });
  }
}
