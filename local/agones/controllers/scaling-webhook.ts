/** Asks a FleetAutoscaler's webhook how many replicas a fleet is to have (requests and verdicts as in `autoscaler.json`). */
import { randomUUID } from 'node:crypto';
import { Agent, fetch } from 'undici';

import type { Fleet, WebhookPolicy } from '../resources/fleet.ts';

const DEADLINE_MS = 15_000;
const DEFAULT_PORT = 8000;

/** The replicas that the webhook wants, or those the fleet has when it does not want to scale. */
export async function webhookReplicas(policy: WebhookPolicy, fleet: Fleet, signal: AbortSignal): Promise<number> {
  const url = urlOf(policy);
  const dispatcher = new Agent({
    connect: policy.caBundle === undefined ? {} : { ca: Buffer.from(policy.caBundle, 'base64').toString('utf8') },
  });
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ request: questionOf(fleet), response: null }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
      dispatcher,
    });
    if (answer.status !== 200) throw new Error(`bad status code ${answer.status} from the server: ${url}`);
    return wantedBy(await answer.json(), fleet.status?.replicas ?? 0);
  } finally {
    await dispatcher.close();
  }
}

function urlOf({ url, service, caBundle }: WebhookPolicy): string {
  if (url !== undefined) return url;
  if (service === undefined) throw new Error('service was not provided, either URL or Service must be provided');
  const scheme = caBundle === undefined ? 'http' : 'https';
  const path = (service.path ?? '').replace(/^\//, '');
  return `${scheme}://${service.name}.${service.namespace}.svc:${service.port ?? DEFAULT_PORT}/${path}`;
}

function questionOf({ metadata, status }: Fleet): unknown {
  return {
    uid: randomUUID(),
    name: metadata.name,
    namespace: metadata.namespace,
    status: {
      replicas: status?.replicas ?? 0,
      readyReplicas: status?.readyReplicas ?? 0,
      reservedReplicas: status?.reservedReplicas ?? 0,
      allocatedReplicas: status?.allocatedReplicas ?? 0,
      allocations: status?.allocations ?? 0,
      ...(status?.counters === undefined ? {} : { counters: status.counters }),
      ...(status?.lists === undefined ? {} : { lists: status.lists }),
    },
    ...(metadata.labels === undefined ? {} : { labels: metadata.labels }),
    ...(metadata.annotations === undefined ? {} : { annotations: metadata.annotations }),
  };
}

/** The answer's uid is not looked at, nor is its content type. */
function wantedBy(answer: unknown, current: number): number {
  const response = fieldOf(answer, 'response');
  if (response === undefined || response === null) throw new Error("webhook response missing required 'response' field");
  const replicas = fieldOf(response, 'replicas') ?? 0;
  if (!Number.isInteger(replicas)) throw new Error('json: cannot unmarshal the replicas of the response');
  return fieldOf(response, 'scale') === true ? Number(replicas) : current;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;
}
