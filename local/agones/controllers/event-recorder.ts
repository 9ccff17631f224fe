/** Kubernetes events, as `kubectl describe` shows them. Losing one is harmless: they are sent without waiting. */
import type { KubeClient } from '../kube/kube-client.ts';
import type { Log } from '../log.ts';
import type { KubeObject } from '../resources/object-meta.ts';

export type EventSource =
  | 'gameserver-controller'
  | 'gameserverset-controller'
  | 'fleet-controller'
  | 'health-controller'
  | 'succeeded-controller'
  | 'missing-pod-controller'
  | 'fleetautoscaler-controller'
  | 'GameServerAllocation-Allocator'
  | 'gameserver-sidecar';

export interface Told {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

interface Sent {
  readonly name: string;
  count: number;
}

/** So many events may be under way; more are dropped, since what they tell of matters more than they do. */
const MAX_UNDER_WAY = 50;
const MAX_REMEMBERED = 5_000;

export class EventRecorder {
  readonly #client: KubeClient;
  readonly #source: EventSource;
  readonly #log: Log;
  readonly #now: () => Date;
  readonly #newSuffix: () => string;
  readonly #sent = new Map<string, Sent>();
  #underWay = 0;

  constructor(client: KubeClient, source: EventSource, log: Log, now: () => Date, newSuffix: () => string) {
    this.#client = client;
    this.#source = source;
    this.#log = log;
    this.#now = now;
    this.#newSuffix = newSuffix;
  }

  /** Tells what happened to an object; the same once more only raises the count of the event that stands. */
  tell(object: KubeObject, told: Told): void {
    if (this.#underWay >= MAX_UNDER_WAY) return;
    this.#underWay += 1;
    void this.#send(object, told)
      .catch((error: unknown) => this.#log.warn('an event could not be written', { reason: told.reason, error }))
      .finally(() => (this.#underWay -= 1));
  }

  async #send(object: KubeObject, told: Told): Promise<void> {
    const { namespace, name, uid } = object.metadata;
    const now = this.#now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
    const path = `/api/v1/namespaces/${namespace}/events`;
    const key = `${uid} ${told.type} ${told.reason} ${told.message}`;
    const sent = this.#sent.get(key);
    if (sent !== undefined) {
      sent.count += 1;
      const body = { count: sent.count, lastTimestamp: now };
      const contentType = 'application/merge-patch+json';
      await this.#client.send({ method: 'PATCH', path: `${path}/${sent.name}`, contentType, body });
      return;
    }
    const event: Sent = { name: `${name}.${this.#newSuffix()}`, count: 1 };
    this.#remember(key, event);
    await this.#client.send({
      method: 'POST',
      path,
      body: {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: event.name, namespace },
        involvedObject: {
          apiVersion: object.apiVersion,
          kind: object.kind,
          name,
          namespace,
          uid,
          resourceVersion: object.metadata.resourceVersion,
        },
        type: told.type,
        reason: told.reason,
        message: told.message,
        source: { component: this.#source },
        reportingComponent: this.#source,
        firstTimestamp: now,
        lastTimestamp: now,
        count: 1,
      },
    });
  }

  #remember(key: string, event: Sent): void {
    const oldest = this.#sent.keys().next();
    if (this.#sent.size >= MAX_REMEMBERED && oldest.done !== true) this.#sent.delete(oldest.value);
    this.#sent.set(key, event);
  }
}
