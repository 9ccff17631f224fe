/** The Agones stand-in of the shared test cluster, started at its first use. */
import { request } from 'node:https';
import { readFileSync } from 'node:fs';
import type { RunningCluster } from '../../local/cluster/start-cluster.ts';
import { WELL_BEHAVED, type Misbehaviour } from '../../local/agones/misbehaviour.ts';
import { freePort } from '../../local/processes/free-port.ts';
import { waitUntil } from '../../local/processes/wait-until.ts';
import { testStack } from '../../local/testing.ts';
import { inheritedEnv } from '../inherited-env.ts';

export interface StandInProcess {
  /** From now on, until told otherwise. */
  misbehave(how: Partial<Misbehaviour>): Promise<void>;
  /** No more of it. */
  behave(): Promise<void>;
}

let started: Promise<StandInProcess> | undefined;

export function startStandInProcess(cluster: RunningCluster, namespaces: readonly string[]): Promise<StandInProcess> {
  return (started ??= start(cluster, namespaces));
}

async function start(cluster: RunningCluster, namespaces: readonly string[]): Promise<StandInProcess> {
  const { authority, keeper } = await testStack();
  const tls = await authority.issue({
    name: 'agones-stand-in',
    commonName: 'agones-stand-in',
    use: 'server',
    dnsNames: ['agones-controller-service.agones-system.svc'],
  });
  const port = await freePort();
  const kept = await keeper.start({
    name: 'agones-stand-in',
    command: process.execPath,
    args: [new URL('../../local/agones/main.ts', import.meta.url).pathname],
    env: {
      ...inheritedEnv(),
      KUBECONFIG: cluster.kubeconfig,
      AGONES_PORT: String(port),
      AGONES_CERT_FILE: tls.certFile,
      AGONES_KEY_FILE: tls.keyFile,
      AGONES_CA_FILE: authority.caFile,
      AGONES_BATCH_WAIT_MS: process.env['AGONES_BATCH_WAIT_MS'] ?? '10',
      AGONES_NAMESPACES: namespaces.join(','),
    },
  });
  const ca = readFileSync(authority.caFile, 'utf8');
  const put = (body: object) => send(port, ca, 'PUT', JSON.stringify(body));
  await waitUntil(async () => kept.end !== undefined || readFileSync(kept.logFile, 'utf8').includes('the stand-in serves'), {
    what: `the stand-in serves (${kept.logFile})`,
    deadlineMs: 200_000,
    signal: new AbortController().signal,
  });
  if (kept.end !== undefined) throw new Error(`the stand-in has ended while starting: ${readFileSync(kept.logFile, 'utf8').slice(-2_000)}`);
  const misbehave = async (how: Partial<Misbehaviour>): Promise<void> => {
    const status = await put(how);
    if (status >= 300) throw new Error(`the stand-in refused to misbehave: ${status}`);
  };
  return { misbehave, behave: () => misbehave(WELL_BEHAVED) };
}

function send(port: number, ca: string, method: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path: '/misbehaviour', method, ca, headers: { 'content-type': 'application/json' } },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });
}
