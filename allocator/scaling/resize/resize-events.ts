/**
 * What goes wrong with resizing, as Kubernetes Events: `kubectl describe fleet` shows them. Whoever looks after an hour finds them too, since
 * what stays wrong is told again before the API server forgets it. Losing one is harmless: nothing waits for them.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { answerError } from '../../clusters/kube-errors.ts';
import type { AskCluster } from './ask-cluster.ts';

export interface ResizeEvent {
  readonly on: { readonly kind: 'Fleet' | 'Pod'; readonly name: string; readonly uid: string };
  /** `Normal`: for information. */
  readonly type: 'Normal' | 'Warning';
  readonly reason: 'ResizeProfileFaulty' | 'ResizeUnavailable' | 'ResizeRefused' | 'ResizeImpossible' | 'ResizeInfeasible';
  /** With object and reason it names the event: the same one is written once, by whichever process. */
  readonly about: string;
  /** Another one is told at once; the same again only after a while. */
  readonly version: string;
  readonly message: string;
}

export interface ResizeEventsParts {
  readonly namespace: string;
  readonly now: () => number;
  readonly onFailure: (why: string) => void;
}

interface Told {
  readonly version: string;
  readonly at: number;
  readonly count: number;
}

/** What stays wrong is told so often; API servers keep an event for an hour. */
const AGAIN_MS = 10 * 60_000;
/** A fleet of many faulty servers is told of once; so many different events of a cluster may come at once, and in a minute afterwards. */
const BURST = 30;
const PER_MS = BURST / 60_000;
const MOST_REMEMBERED = 1_000;
const LONGEST_MESSAGE = 1_000;
const API_VERSIONS = { Fleet: 'agones.dev/v1', Pod: 'v1' } as const;
const REPORTER = 'lifeverse-allocator';
const Counted = z.object({ count: z.int().min(1).catch(1) });

export class ResizeEvents {
  readonly #parts: ResizeEventsParts;
  readonly #told = new Map<string, Told>();
  #credit = { events: BURST, at: 0 };

  constructor(parts: ResizeEventsParts) {
    this.#parts = parts;
  }

  /** Returns at once. */
  tell(ask: AskCluster, event: ResizeEvent): void {
    const now = this.#parts.now();
    const name = nameOf(event);
    const before = this.#told.get(name);
    if (before?.version === event.version && now - before.at < AGAIN_MS) return;
    if (!this.#afford(now)) return;
    const count = (before?.count ?? 0) + 1;
    this.#remember(name, { version: event.version, at: now, count });
    void this.#write(ask, name, event, count).catch((cause: unknown) =>
      this.#parts.onFailure(cause instanceof Error ? cause.message : String(cause)),
    );
  }

  /** The event that stands is written on, be it by another process; one that was forgotten is made anew. */
  async #write(ask: AskCluster, name: string, event: ResizeEvent, count: number): Promise<void> {
    const path = `/api/v1/namespaces/${this.#parts.namespace}/events`;
    const at = `${new Date(this.#parts.now()).toISOString().slice(0, 19)}Z`;
    const message = event.message.slice(0, LONGEST_MESSAGE);
    const standing = (known: number | undefined) =>
      ask({
        method: 'PATCH',
        path: `${path}/${name}`,
        body: { message, lastTimestamp: at, ...(known === undefined ? {} : { count: known }) },
      });
    if (count > 1) {
      const { status, body } = await standing(count);
      if (status === 200) return;
      if (status !== 404) throw answerError('write an event', status, body);
    }
    const made = await ask({ method: 'POST', path, body: this.#bodyOf(name, event, message, at) });
    if (made.status === 201) return;
    if (made.status !== 409) throw answerError('write an event', made.status, made.body);
    const { status, body } = await standing(undefined);
    if (status !== 200) throw answerError('write an event', status, body);
    const told = this.#told.get(name);
    if (told !== undefined) this.#told.set(name, { ...told, count: Counted.parse(body).count });
  }

  #bodyOf(name: string, { on, type, reason }: ResizeEvent, message: string, at: string): object {
    const { namespace } = this.#parts;
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: { apiVersion: API_VERSIONS[on.kind], kind: on.kind, name: on.name, namespace, uid: on.uid },
      type,
      reason,
      message,
      source: { component: REPORTER },
      reportingComponent: REPORTER,
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    };
  }

  #afford(now: number): boolean {
    const { events, at } = this.#credit;
    const credit = Math.min(BURST, events + (now - at) * PER_MS);
    this.#credit = { events: credit >= 1 ? credit - 1 : credit, at: now };
    return credit >= 1;
  }

  #remember(name: string, told: Told): void {
    this.#told.delete(name);
    const oldest = this.#told.keys().next();
    if (this.#told.size >= MOST_REMEMBERED && oldest.done !== true) this.#told.delete(oldest.value);
    this.#told.set(name, told);
  }
}

function nameOf({ on, reason, about }: ResizeEvent): string {
  const key = createHash('sha256').update(`${on.kind} ${on.uid} ${reason} ${about}`).digest('hex').slice(0, 16);
  return `${on.name}.${key}`;
}
