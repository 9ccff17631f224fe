/** What is counted of scaling. */
import { Counter, Gauge, type Registry } from 'prom-client';

export interface ScalingMetrics {
  /** An autoscaler was told how many replicas to have. */
  answered(cluster: string, fleet: string, replicas: number): void;
  /** An autoscaler was told to leave its fleet as it is. */
  leftAlone(cluster: string): void;
}

export function createScalingMetrics(registry: Registry): ScalingMetrics {
  const registers = [registry];
  const wanted = new Gauge({
    name: 'lifeverse_fleet_wanted_replicas',
    help: 'Replicas that an autoscaler was last told to have, by this process',
    labelNames: ['cluster', 'fleet'],
    registers,
  });
  const failed = new Counter({
    name: 'lifeverse_fleet_scaling_failures_total',
    help: 'Questions of autoscalers that could not be answered with a number',
    labelNames: ['cluster'],
    registers,
  });
  return {
    answered: (cluster, fleet, replicas) => wanted.set({ cluster, fleet }, replicas),
    leftAlone: (cluster) => failed.inc({ cluster }),
  };
}
