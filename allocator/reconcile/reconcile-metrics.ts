/** What reconciling counts. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Adoption } from './adopt.ts';
import type { Brake } from './brake.ts';
import { VERDICTS, type Verdict } from './verdict.ts';

export interface ReconcileMetrics {
  /** One round has judged all that a cluster has of ours. */
  judged(cluster: string, counts: ReadonlyMap<Verdict, number>): void;
  /** This process does not reconcile any more: its last figures are nobody's. */
  stopped(): void;
  round(seconds: number): void;
  adopted(cluster: string, how: Adoption): void;
  /** Releases that the brake kept back, once per server and round. */
  heldBack(count: number): void;
}

export function createReconcileMetrics(registry: Registry, brake: Brake): ReconcileMetrics {
  const registers = [registry];
  const servers = new Gauge({
    name: 'lifeverse_reconcile_game_servers',
    help: 'Game servers with our mark in the last round, by verdict; only the process that reconciles has them',
    labelNames: ['cluster', 'verdict'],
    registers,
  });
  const rounds = new Counter({ name: 'lifeverse_reconcile_rounds_total', help: 'Rounds of reconciling that ended', registers });
  const seconds = new Gauge({ name: 'lifeverse_reconcile_round_seconds', help: 'Time that the last round took', registers });
  const adoptions = new Counter({
    name: 'lifeverse_allocations_adopted_total',
    help: 'Game servers that knew more than the store, by what became of them',
    labelNames: ['cluster', 'outcome'],
    registers,
  });
  const held = new Counter({ name: 'lifeverse_releases_held_back_total', help: 'Releases that the brake kept back', registers });
  new Gauge({
    name: 'lifeverse_release_brake_held',
    help: '1 while the brake of the reaper is pulled: somebody must look at /v1/reconcile',
    registers,
    collect: async function () {
      // The last reading stays while the database is away.
      const present = await brake.present().catch(() => undefined);
      if (present !== undefined) this.set(present.heldAt === null ? 0 : 1);
    },
  });
  return {
    judged: (cluster, counts) => VERDICTS.forEach((verdict) => servers.set({ cluster, verdict }, counts.get(verdict) ?? 0)),
    stopped: () => servers.reset(),
    round: (took) => {
      rounds.inc();
      seconds.set(took);
    },
    adopted: (cluster, outcome) => adoptions.inc({ cluster, outcome }),
    heldBack: (count) => held.inc(count),
  };
}
