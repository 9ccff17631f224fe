/** What is counted of resizes. */
import { Counter, Gauge, type Registry } from 'prom-client';

/**
 * `asked`: the API server took it; then `granted`, `deferred` or `infeasible` by the node. `conflict`: the pod had changed meanwhile.
 * `gone`: there is no such pod any more. `refused`: the API server does not allow it. `failed`: no answer, or a bad one.
 */
export type ResizeOutcome = 'asked' | 'granted' | 'deferred' | 'infeasible' | 'conflict' | 'gone' | 'refused' | 'impossible' | 'failed';

export interface ResizeReading {
  readonly cluster: string;
  /** Undefined until it was found out. */
  readonly available: boolean | undefined;
  readonly profileFaults: number;
  readonly pending: number;
  /** Of the oldest one that is pending, in seconds. */
  readonly pendingAge: number;
  /** Cores and bytes that are requested for the game servers' containers: as the profiles say, and as the nodes have given. */
  readonly wanted: { readonly cpu: number; readonly memory: number };
  readonly granted: { readonly cpu: number; readonly memory: number };
}

export interface ResizeMetrics {
  resized(cluster: string, outcome: ResizeOutcome): void;
  /** Called whenever metrics are read. */
  observe(read: () => Iterable<ResizeReading>): void;
}

export function createResizeMetrics(registry: Registry): ResizeMetrics {
  const registers = [registry];
  let readings: () => Iterable<ResizeReading> = () => [];
  const gauge = (name: string, help: string, read: (reading: ResizeReading) => readonly (readonly [Record<string, string>, number])[]) =>
    new Gauge({
      name,
      help,
      labelNames: ['cluster', 'of'],
      registers,
      collect() {
        this.reset();
        for (const reading of readings())
          for (const [labels, value] of read(reading)) this.set({ cluster: reading.cluster, ...labels }, value);
      },
    });
  const one = (value: number) => [[{}, value] as const];
  const both = (wanted: number, granted: number) => [[{ of: 'wanted' }, wanted] as const, [{ of: 'granted' }, granted] as const];
  gauge('lifeverse_resize_available', 'Whether a cluster can resize pods in place and we may: 1 or 0', ({ available }) =>
    available === undefined ? [] : one(available ? 1 : 0),
  );
  gauge('lifeverse_resize_profile_faults', 'Fleets of a cluster whose resize profile has faults', (reading) => one(reading.profileFaults));
  gauge('lifeverse_resize_pending', 'Resizes that the nodes of a cluster have not carried out yet', ({ pending }) => one(pending));
  gauge('lifeverse_resize_pending_age_seconds', 'Since the oldest of them was asked for', ({ pendingAge }) => one(pendingAge));
  gauge('lifeverse_resize_cpu_cores', 'CPU requests of resized game servers, as wanted and as granted', ({ wanted, granted }) =>
    both(wanted.cpu, granted.cpu),
  );
  gauge('lifeverse_resize_memory_bytes', 'Memory requests of resized game servers, as wanted and as granted', ({ wanted, granted }) =>
    both(wanted.memory, granted.memory),
  );
  const resizes = new Counter({
    name: 'lifeverse_resizes_total',
    help: 'Resizes of game servers, by what came of them',
    labelNames: ['cluster', 'outcome'],
    registers,
  });
  return {
    resized: (cluster, outcome) => resizes.inc({ cluster, outcome }),
    observe: (read) => {
      readings = read;
    },
  };
}
