/** What is counted of clusters and of the file that lists them. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { BreakerState } from './cluster-health.ts';

export interface ClusterMetrics {
  breaker(cluster: string, state: BreakerState): void;
  relisted(cluster: string, why: string): void;
  /** An edit of the clusters file was taken up, or refused. */
  fileRead(outcome: 'applied' | 'refused'): void;
  /** The cluster is no longer listed. */
  forget(cluster: string): void;
  /** Called whenever metrics are read. */
  observe(read: () => Iterable<ClusterReading>): void;
}

export interface ClusterReading {
  readonly cluster: string;
  readonly healthy: boolean;
  readonly asksInFlight: number;
  /** Seconds since the watch said something; absent until it did. */
  readonly watchAge: number | undefined;
}

const LEVELS: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 0.5, open: 1 };

export function createClusterMetrics(registry: Registry): ClusterMetrics {
  const registers = [registry];
  let readings: () => Iterable<ClusterReading> = () => [];
  const gauge = (name: string, help: string, read: (reading: ClusterReading) => number | undefined) =>
    new Gauge({
      name,
      help,
      labelNames: ['cluster'],
      registers,
      collect() {
        this.reset();
        for (const reading of readings()) {
          const value = read(reading);
          if (value !== undefined) this.set({ cluster: reading.cluster }, value);
        }
      },
    });
  gauge('lifeverse_cluster_healthy', 'Whether a cluster may be asked: 1 or 0', ({ healthy }) => (healthy ? 1 : 0));
  gauge('lifeverse_cluster_asks_in_flight', 'GameServerAllocations that a cluster has not answered yet', (reading) => reading.asksInFlight);
  gauge('lifeverse_cluster_watch_age_seconds', 'Since the watch of a cluster last said something', (reading) => reading.watchAge);
  const breakers = new Gauge({
    name: 'lifeverse_cluster_breaker',
    help: 'Breaker of a cluster: 0 closed, 0.5 half-open, 1 open',
    labelNames: ['cluster'],
    registers,
  });
  const opened = new Counter({
    name: 'lifeverse_cluster_breaker_opened_total',
    help: 'How often the breaker of a cluster went to open',
    labelNames: ['cluster'],
    registers,
  });
  const relists = new Counter({
    name: 'lifeverse_cluster_relists_total',
    help: 'Full lists of a cluster’s game servers, by what made them necessary',
    labelNames: ['cluster', 'why'],
    registers,
  });
  const edits = new Counter({
    name: 'lifeverse_clusters_file_reads_total',
    help: 'Changes of the clusters file, by outcome',
    labelNames: ['outcome'],
    registers,
  });
  const refused = new Gauge({
    name: 'lifeverse_clusters_file_refused',
    help: '1 while the clusters file is not what the allocator goes by, since it has faults',
    registers,
  });
  return {
    breaker: (cluster, state) => {
      breakers.set({ cluster }, LEVELS[state]);
      if (state === 'open') opened.inc({ cluster });
    },
    relisted: (cluster, why) => relists.inc({ cluster, why }),
    fileRead: (outcome) => {
      edits.inc({ outcome });
      refused.set(outcome === 'refused' ? 1 : 0);
    },
    forget: (cluster) => breakers.remove({ cluster }),
    observe: (read) => {
      readings = read;
    },
  };
}
