/** A service as the process that production runs: its own `main.ts`, bundled, over TLS. */
import { randomUUID } from 'node:crypto';
import { createClient, type Client } from '../../contracts/client.ts';
import type { Api, Endpoints } from '../../contracts/endpoint.ts';
import { freePort } from '../../local/processes/free-port.ts';
import type { KeptProcess } from '../../local/processes/process-keeper.ts';
import { waitUntil } from '../../local/processes/wait-until.ts';
import { testStack } from '../../local/testing.ts';
import type { TrustedIssuer } from '../../runtime/config.ts';
import { createHttpSend } from '../../runtime/http-send.ts';
import { inheritedEnv } from '../inherited-env.ts';
import { bundledService } from './bundled-service.ts';

export interface ServiceProcess<E extends Endpoints> {
  readonly url: string;
  readonly process: KeptProcess;
  client(token?: string): Client<E>;
  /** kill -9, then the same again on the same port. */
  killAndRestart(meanwhile?: () => Promise<void>, changes?: Partial<ServiceSpec<E>>): Promise<ServiceProcess<E>>;
  stop(): Promise<void>;
}

export interface ServiceSpec<E extends Endpoints> {
  readonly api: Api<E>;
  readonly trusted: readonly TrustedIssuer[];
  /** Beside what every service has. */
  readonly env: Readonly<Record<string, string>>;
  readonly port?: number;
  /** Before the service's own script, e.g. `--import` of what a test adds to it. */
  readonly nodeArgs?: readonly string[];
}

export async function startServiceProcess<E extends Endpoints>(spec: ServiceSpec<E>): Promise<ServiceProcess<E>> {
  const { authority, keeper } = await testStack();
  const { name } = spec.api;
  const tls = await authority.issue({ name, commonName: name, use: 'server' });
  const port = spec.port ?? (await freePort());
  const kept = await keeper.start({
    name: `${name}-${randomUUID().slice(0, 8)}`,
    command: process.execPath,
    args: [...(spec.nodeArgs ?? []), await bundledService(name)],
    env: {
      ...inheritedEnv(),
      LOG_LEVEL: 'info',
      HOST: '127.0.0.1',
      PORT: String(port),
      OPS_PORT: '0',
      TLS_CERT_FILE: tls.certFile,
      TLS_KEY_FILE: tls.keyFile,
      TLS_CA_FILE: authority.caFile,
      TRUSTED_ISSUERS: JSON.stringify(spec.trusted),
      ...spec.env,
    },
  });
  const http = createHttpSend(authority.caFile);
  const url = `https://127.0.0.1:${port}`;
  await waitUntil(async () => kept.end !== undefined || (await answers(http, url)), {
    what: `${name} answers (${kept.logFile})`,
    deadlineMs: 200_000,
    signal: new AbortController().signal,
  });
  if (kept.end !== undefined) throw new Error(`${name} has ended while starting, see ${kept.logFile}`);
  return {
    url,
    process: kept,
    client: (token) => createClient(spec.api, { baseUrl: url, send: http.send, token: () => token }),
    killAndRestart: async (meanwhile, changes = {}) => {
      if (kept.end === undefined) process.kill(kept.pid, 'SIGKILL');
      await kept.ended;
      await http.close();
      await meanwhile?.();
      return startServiceProcess({ ...spec, port, ...changes, env: { ...spec.env, ...changes.env } });
    },
    stop: async () => {
      await kept.stop();
      await http.close();
    },
  };
}

async function answers(http: ReturnType<typeof createHttpSend>, url: string): Promise<boolean> {
  try {
    const answer = await http.send({
      method: 'GET',
      url: `${url}/openapi.json`,
      headers: {},
      body: undefined,
      timeoutMs: 10_000,
      signal: undefined,
    });
    return answer.status === 200;
  } catch {
    return false;
  }
}
