/** Whether a cluster has a fleet, also one without any server. Asks its API server, and remembers for a while. */
import { agonesPath } from '../clusters/agones-path.ts';
import type { AgonesCluster } from '../clusters/agones-cluster.ts';

export interface FleetLook {
  /** True as well while the cluster does not answer: then its own question is believed. */
  exists(cluster: AgonesCluster, fleet: string): Promise<boolean>;
}

const ANSWER_MS = 5_000;
const KNOWN_MS = 60_000;
/** A fleet may just have been made. */
const UNKNOWN_MS = 5_000;
/** Whoever asks for names at random fills no memory. */
const MOST_REMEMBERED = 10_000;

/** @param now milliseconds since the epoch */
export function createFleetLook(now: () => number): FleetLook {
  const remembered = new Map<string, { readonly exists: Promise<boolean>; until: number }>();
  return {
    exists: async (cluster, fleet) => {
      if (cluster.census.hasFleet(fleet)) return true;
      const key = `${cluster.config.name}/${fleet}`;
      const before = remembered.get(key);
      if (before !== undefined && before.until > now()) return before.exists;
      if (remembered.size >= MOST_REMEMBERED) remembered.clear();
      const exists = hasFleet(cluster, fleet).catch(() => true);
      const entry = { exists, until: now() + UNKNOWN_MS };
      remembered.set(key, entry);
      if (await exists) entry.until = now() + KNOWN_MS;
      return exists;
    },
  };
}

/** Be it without a server; true where that cannot be told, as without the right to read fleets. */
async function hasFleet(cluster: AgonesCluster, fleet: string): Promise<boolean> {
  const path = `${agonesPath(cluster.config.namespace, 'fleets')}/${fleet}`;
  return !cluster.healthy || (await cluster.askBeside({ method: 'GET', path, timeoutMs: ANSWER_MS })).status !== 404;
}
