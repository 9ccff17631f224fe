/** Where the cases are replayed: the stand-in on an API server of its own, or the real Agones of given contexts. */
import { Agent, request } from 'node:https';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { KubeClient } from '../../../local/agones/kube/kube-client.ts';
import { readKubeConnection, type KubeConnection } from '../../../local/agones/kube/kube-connection.ts';
import type { GameServer } from '../../../local/agones/resources/game-server.ts';
import { startCluster } from '../../../local/cluster/start-cluster.ts';
import { waitUntil } from '../../../local/processes/wait-until.ts';
import { endsWithRun, testStack } from '../../../local/testing.ts';
import type { RecordedRequest, RecordedResponse } from './recorded-case.ts';
import { startStandInOn } from './stand-in-on.ts';

export interface ConformanceCluster {
  readonly title: string;
  readonly client: KubeClient;
  readonly connection: KubeConnection;
  readonly kubeconfig: string;
  /** Sends a recorded request as it was sent. */
  replay(request: RecordedRequest): Promise<RecordedResponse>;
  /** Until what it matches allocations on is as new as this. */
  untilSeen(gameServers: readonly GameServer[]): Promise<unknown>;
  stop(): Promise<void>;
}

/** A real Agones does not say what it has seen. */
const SEEN_MS = 60;

/** `AGONES_CONTEXTS=one,two`: contexts of the usual kubeconfig, behind which real Agones run. */
export const agonesContexts = (): string[] => (process.env['AGONES_CONTEXTS'] ?? '').split(',').filter((name) => name !== '');

let shared: Promise<ConformanceCluster> | undefined;

/** One API server and one stand-in for every suite of a run; each works in namespaces of its own. */
export function sharedStandIn(): Promise<ConformanceCluster> {
  return (shared ??= startConformanceCluster().then((started) => {
    endsWithRun(() => started.stop());
    return started;
  }));
}

export async function startConformanceCluster(): Promise<ConformanceCluster> {
  const stack = await testStack();
  const name = `agones-conformance-${randomBytes(3).toString('hex')}`;
  const cluster = await startCluster({ ...stack, name, folder: path.join(stack.folder, name) });
  const connection = await readKubeConnection(cluster.kubeconfig);
  const standIn = await startStandInOn(cluster, connection, ['default']);
  const opened = open('the stand-in', cluster.kubeconfig, connection);
  return {
    ...opened,
    untilSeen: (gameServers) =>
      waitUntil(() => gameServers.every((one) => standIn.hasSeen(one)), {
        what: 'the stand-in has seen what was changed past it',
        deadlineMs: 60_000,
        everyMs: 5,
        signal: new AbortController().signal,
      }),
    stop: async () => {
      await opened.stop();
      await standIn.stop();
      await cluster.stop();
    },
  };
}

/** A cluster that runs already. */
export async function openConformanceContext(context: string): Promise<ConformanceCluster> {
  const kubeconfig = process.env['KUBECONFIG'] ?? path.join(process.env['HOME'] ?? '', '.kube', 'config');
  return open(context, kubeconfig, await readKubeConnection(kubeconfig, context));
}

function open(title: string, kubeconfig: string, connection: KubeConnection): ConformanceCluster {
  const client = new KubeClient(connection);
  const agent = new Agent({
    keepAlive: true,
    rejectUnauthorized: !connection.insecure,
    ...(connection.ca === undefined ? {} : { ca: connection.ca }),
    ...(connection.clientCertificate === undefined ? {} : { cert: connection.clientCertificate }),
    ...(connection.clientKey === undefined ? {} : { key: connection.clientKey }),
  });
  return {
    title,
    client,
    connection,
    kubeconfig,
    replay: (recorded) => replay(connection, agent, recorded),
    untilSeen: () => sleep(SEEN_MS),
    stop: () => {
      agent.destroy();
      client.close();
      return Promise.resolve();
    },
  };
}

function replay(connection: KubeConnection, agent: Agent, recorded: RecordedRequest): Promise<RecordedResponse> {
  const body = recorded.body === undefined ? undefined : typeof recorded.body === 'string' ? recorded.body : JSON.stringify(recorded.body);
  // An empty content type was recorded as one that was not sent.
  const headers = Object.entries(recorded.headers ?? {}).filter(([, value]) => value !== '');
  return new Promise((resolve, reject) => {
    const sent = request(
      `${connection.server}${recorded.path}`,
      {
        method: recorded.method,
        agent,
        signal: AbortSignal.timeout(60_000),
        headers: {
          ...Object.fromEntries(headers),
          ...(connection.token === undefined ? {} : { authorization: `Bearer ${connection.token}` }),
          ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        },
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => (text += chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const contentType = answer.headers['content-type'] ?? null;
          const isJson = contentType?.startsWith('application/json') === true && text !== '';
          resolve({ status: answer.statusCode ?? 0, contentType, body: isJson ? JSON.parse(text) : text });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
