/** Liveness, readiness and metrics, on a port of their own that is never exposed to players. */
import express from 'express';
import type { Registry } from 'prom-client';
import { listenHttp, listenHttps, type Listener, type TlsFiles } from './https-server.ts';
import type { Log } from './log.ts';

export interface Readiness {
  /** Names a thing that has to hold; `undefined` means it holds, a text says what is missing. */
  check(name: string, test: () => string | undefined | Promise<string | undefined>): void;
  /** From now on unready, whatever the checks say. */
  fail(reason: string): void;
  report(): Promise<{ ready: boolean; missing: Record<string, string> }>;
}

/** Longest that one check may take, in milliseconds. */
const CHECK_MS = 2_000;

export function createReadiness(): Readiness {
  const checks = new Map<string, () => string | undefined | Promise<string | undefined>>();
  let failed: string | undefined;
  const outcome = async (test: () => string | undefined | Promise<string | undefined>) => {
    const { promise: late, resolve } = Promise.withResolvers<string>();
    const timer = setTimeout(() => resolve(`no answer within ${CHECK_MS} ms`), CHECK_MS);
    try {
      return await Promise.race([test(), late]);
    } catch (cause) {
      return cause instanceof Error ? cause.message : String(cause);
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    check: (name, test) => void checks.set(name, test),
    fail: (reason) => void (failed = reason),
    report: async () => {
      const found = await Promise.all([...checks].map(async ([name, test]) => [name, await outcome(test)] as const));
      const missing = Object.fromEntries(found.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])));
      if (failed !== undefined) missing['process'] = failed;
      return { ready: Object.keys(missing).length === 0, missing };
    },
  };
}

export interface OpsParts {
  readonly registry: Registry;
  readonly readiness: Readiness;
  readonly host: string;
  readonly port: number;
  readonly log: Log;
  /** Absent only inside a pod, where the listener is on loopback. */
  readonly tls?: TlsFiles;
}

export async function listenOps({ registry, readiness, host, port, log, tls }: OpsParts): Promise<Listener> {
  const app = express();
  app.disable('x-powered-by');
  app.get('/livez', (_request, response) => void response.json({ live: true }));
  app.get('/readyz', async (_request, response) => {
    const report = await readiness.report();
    response.status(report.ready ? 200 : 503).json(report);
  });
  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  });
  return tls === undefined ? listenHttp(app, host, port, log) : listenHttps(app, host, port, tls, log);
}
