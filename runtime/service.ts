/** What every service's process has in common, composed: log, lifecycle, metrics, readiness, trust, its API over HTTPS. */
import { readFile } from 'node:fs/promises';
import express, { type Express } from 'express';
import type { Registry } from 'prom-client';
import { AppError } from '../contracts/app-error.ts';
import type { Send } from '../contracts/client.ts';
import type { Api, Endpoints } from '../contracts/endpoint.ts';
import type { TrustedIssuer } from './config.ts';
import { withDocsPage } from './docs-page.ts';
import { createHttpSend } from './http-send.ts';
import { listenHttps } from './https-server.ts';
import { createLifecycle, type Lifecycle } from './lifecycle.ts';
import { createLog, type Log, type LogLevel } from './log.ts';
import { createHttpMetrics, createRegistry } from './metrics.ts';
import { createReadiness, listenOps, type Readiness } from './ops-server.ts';
import { serveApi, type Handlers } from './serve-api.ts';
import { createTokenCheck, type TokenCheck } from './token-check.ts';

/** The parts of a service's config that all services share; see the fragments in `config.ts`. */
export interface ServiceConfig {
  readonly LOG_LEVEL: LogLevel;
  readonly HOST: string;
  readonly PORT: number;
  readonly OPS_PORT: number;
  readonly SHUTDOWN_DELAY_MS: number;
  readonly TLS_CERT_FILE: string;
  readonly TLS_KEY_FILE: string;
  readonly TLS_CA_FILE?: string | undefined;
  readonly TRUSTED_ISSUERS: readonly TrustedIssuer[];
}

/** Pages or routes beside the API, such as an admin site. */
export interface Beside {
  readonly path: string;
  readonly app: Express;
}

export interface Service {
  readonly log: Log;
  readonly lifecycle: Lifecycle;
  readonly registry: Registry;
  readonly readiness: Readiness;
  readonly send: Send;
  readonly tokenCheck: TokenCheck;
  /**
   * Opens the API and the ops port; call it when everything behind them is there. Returns the API's port.
   * @param beside what answers on the same port below a path of its own; it sees to its own access
   */
  serve<E extends Endpoints>(api: Api<E>, handlers: Handlers<E>, beside?: readonly Beside[]): Promise<number>;
}

export function createService(name: string, config: ServiceConfig): Service {
  const log = createLog(name, config.LOG_LEVEL);
  const lifecycle = createLifecycle(log);
  const registry = createRegistry(name);
  const readiness = createReadiness();
  const http = createHttpSend(config.TLS_CA_FILE);
  lifecycle.onClose('http client', () => http.close());
  const tokenCheck = createTokenCheck(config.TRUSTED_ISSUERS, { send: http.send, now: Date.now });
  const tls = { certFile: config.TLS_CERT_FILE, keyFile: config.TLS_KEY_FILE };

  return {
    log,
    lifecycle,
    registry,
    readiness,
    send: http.send,
    tokenCheck,
    serve: async (api, handlers, beside = []) => {
      const ops = await listenOps({ registry, readiness, host: config.HOST, port: config.OPS_PORT, log, tls });
      lifecycle.onClose('ops port', () => ops.close());
      // Not the lifecycle's own signal: while load balancers still send requests, they are served.
      const draining = new AbortController();
      const app = serveApi(api, handlers, { log, metrics: createHttpMetrics(registry), tokenCheck, stopping: draining.signal });
      const all = express().disable('x-powered-by');
      for (const { path, app: other } of beside) all.use(path, other);
      all.use(withDocsPage(app, api.title));
      const listener = await listenHttps(all, config.HOST, config.PORT, tls, log);
      lifecycle.onClose('api', () => {
        draining.abort();
        return listener.close();
      });
      lifecycle.onClose('readiness', () => turnAway(readiness, config.SHUTDOWN_DELAY_MS), config.SHUTDOWN_DELAY_MS + 5_000);
      log.info('listening', { port: listener.port, opsPort: ops.port });
      return listener.port;
    },
  };
}

/** Unready first, so that load balancers look elsewhere before connections are refused. */
async function turnAway(readiness: Readiness, delayMs: number): Promise<void> {
  readiness.fail('stopping');
  await new Promise((resolve) => setTimeout(resolve, delayMs));
}

/** Our own token from a file, read again after a minute: whoever mounts it may renew it. */
export function tokenFromFile(path: string, now: () => number): () => Promise<string> {
  let kept: { token: string; at: number } | undefined;
  return async () => {
    if (kept !== undefined && now() - kept.at <= 60_000) return kept.token;
    try {
      kept = { token: (await readFile(path, 'utf8')).trim(), at: now() };
    } catch (cause) {
      // Whoever swaps the file may have it away for a moment.
      if (kept === undefined) throw new AppError('unavailable', 'own_token_unreadable', 'our own token cannot be read', { cause });
    }
    return kept.token;
  };
}

/** Reads the config, or says every fault on stderr and gives up with exit code 78 (EX_CONFIG of sysexits.h). */
export function configOrExit<C>(read: (env: NodeJS.ProcessEnv) => C, host: NodeJS.Process): C {
  try {
    return read(host.env);
  } catch (cause) {
    host.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
    return host.exit(78);
  }
}
