/** A process's metrics: Prometheus names, base units, low cardinality. */
import type { NextFunction, Request, Response } from 'express';
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';

export interface HttpMetrics {
  /** Express middleware that measures one endpoint. */
  measure(endpoint: string): (request: Request, response: Response, next: NextFunction) => void;
}

export function createRegistry(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return registry;
}

export function createHttpMetrics(registry: Registry): HttpMetrics {
  const seconds = new Histogram({
    name: 'lifeverse_http_request_duration_seconds',
    help: 'Time from the routed request to the end of its answer',
    labelNames: ['endpoint', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  });
  return {
    measure: (endpoint) => (_request, response, next) => {
      const end = seconds.startTimer({ endpoint });
      // 499: the caller was gone before its answer.
      response.once('close', () => end({ status: response.writableFinished ? String(response.statusCode) : '499' }));
      next();
    },
  };
}
