/** What the event log and its readers count. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface EventMetrics {
  /** An event was numbered, this long after it happened. */
  appended(kind: string, seconds: number): void;
  pruned(count: number): void;
  /** Age of what waits longest to be told, 0 when nothing does; said by the one who drains. */
  oldestUntold(seconds: number): void;
  /** A stream was opened; call what it returns when it has ended. */
  streaming(): () => void;
}

export function createEventMetrics(registry: Registry): EventMetrics {
  const registers = [registry];
  const appended = new Counter({
    name: 'lifeverse_events_appended_total',
    help: 'Events that this process wrote to the event log',
    labelNames: ['kind'],
    registers,
  });
  const lag = new Histogram({
    name: 'lifeverse_event_lag_seconds',
    help: 'Time from a move to its event in the log',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  const pruned = new Counter({ name: 'lifeverse_events_pruned_total', help: 'Events forgotten because of their age', registers });
  const oldest = new Gauge({
    name: 'lifeverse_event_untold_seconds',
    help: 'Age of the event that waits longest for the log, as seen by the process that drains',
    registers,
  });
  const streams = new Gauge({ name: 'lifeverse_event_streams', help: 'Event streams that are open at this process', registers });
  return {
    appended: (kind, seconds) => {
      appended.inc({ kind });
      lag.observe(Math.max(0, seconds));
    },
    pruned: (count) => pruned.inc(count),
    oldestUntold: (seconds) => oldest.set(Math.max(0, seconds)),
    streaming: () => {
      streams.inc();
      return () => streams.dec();
    },
  };
}
