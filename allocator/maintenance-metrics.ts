/** What is counted of maintenance; the gauges are of the process that keeps it. */
import { Counter, Gauge, type Registry } from 'prom-client';

export interface MaintenanceMetrics {
  /** A game server was to be told, or untold. */
  told(cluster: string, outcome: string): void;
  /** Windows that drain or run, and the sessions still in their scopes. */
  active(windows: number, sessions: number): void;
}

export function createMaintenanceMetrics(registry: Registry): MaintenanceMetrics {
  const registers = [registry];
  const notices = new Counter({
    name: 'lifeverse_maintenance_notices_total',
    help: 'Writes of notices onto game servers, by outcome',
    labelNames: ['cluster', 'outcome'],
    registers,
  });
  const windows = new Gauge({
    name: 'lifeverse_maintenance_windows',
    help: 'Maintenance windows that drain or run',
    registers,
  });
  const sessions = new Gauge({
    name: 'lifeverse_maintenance_sessions',
    help: 'Sessions still in the scope of a window that drains or runs',
    registers,
  });
  return {
    told: (cluster, outcome) => notices.inc({ cluster, outcome }),
    active: (present, left) => {
      windows.set(present);
      sessions.set(left);
    },
  };
}
