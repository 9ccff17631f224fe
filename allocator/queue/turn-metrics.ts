/** What the turns count. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface TurnMetrics {
  /** @param by whether the queue gave it, or this process itself since Redis was away */
  turn(by: 'queue' | 'process', work: () => Promise<void>): Promise<void>;
  /** How many wait in this process, since Redis is away. */
  watchLine(length: () => number): void;
}

export function createTurnMetrics(registry: Registry): TurnMetrics {
  const registers = [registry];
  const turns = new Counter({
    name: 'lifeverse_turns_total',
    help: 'Turns of allocations that ended, by who gave them and how they ended',
    labelNames: ['by', 'outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'lifeverse_turn_duration_seconds',
    help: 'Time of one turn, with the ask of a cluster where there was one',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const running = new Gauge({ name: 'lifeverse_turns_running', help: 'Turns that run now', registers });
  return {
    turn: async (by, work) => {
      const end = seconds.startTimer();
      running.inc();
      try {
        await work();
        turns.inc({ by, outcome: 'done' });
      } catch (cause) {
        turns.inc({ by, outcome: 'failed' });
        throw cause;
      } finally {
        running.dec();
        end();
      }
    },
    watchLine: (length) => {
      new Gauge({
        name: 'lifeverse_turns_waiting',
        help: 'Allocations that wait for their turn in this process while Redis is away',
        registers,
        collect() {
          this.set(length());
        },
      });
    },
  };
}
