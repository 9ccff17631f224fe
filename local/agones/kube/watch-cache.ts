/**
 * The current objects of one kind, kept by a list and the watch that follows it.
 *
 * A cache may lag; whoever acts on it writes with the resourceVersion it read, so that a late view costs a conflict and
 * never a wrong write.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Log } from '../log.ts';
import { controllerOf, keyOf, type KubeObject } from '../resources/object-meta.ts';
import { collectionPath, type Resource } from '../resources/resource.ts';
import { KubeError, type KubeClient } from './kube-client.ts';

/** `before` is missing for an object seen first, `after` for one that is gone. */
export type Change<Kind> = (before: Kind | undefined, after: Kind | undefined) => void;

const RETRY_MS = 500;
/** The server ends a watch after this; a new one starts where it ended. */
const WATCH_SECONDS = 300;

export class WatchCache<Kind extends KubeObject> {
  readonly #client: KubeClient;
  readonly #kind: Resource<Kind>;
  readonly #log: Log;
  readonly #objects = new Map<string, Kind>();
  readonly #byOwner = new Map<string, Map<string, Kind>>();
  readonly #changes: Change<Kind>[] = [];
  readonly #lagMs: () => number;

  constructor(client: KubeClient, kind: Resource<Kind>, log: Log, lagMs: () => number = () => 0) {
    this.#client = client;
    this.#kind = kind;
    this.#log = log;
    this.#lagMs = lagMs;
  }

  onChange(change: Change<Kind>): void {
    this.#changes.push(change);
  }

  get(key: string): Kind | undefined {
    return this.#objects.get(key);
  }

  values(): Iterable<Kind> {
    return this.#objects.values();
  }

  ownedBy(uid: string): Kind[] {
    return [...(this.#byOwner.get(uid)?.values() ?? [])];
  }

  /** Takes in what a write answered, so that the writer need not wait for its own event. */
  observe(object: Kind): void {
    const known = this.#objects.get(keyOf(object));
    if (known !== undefined && Number(known.metadata.resourceVersion) >= Number(object.metadata.resourceVersion)) return;
    if (known === undefined) return; // it may be gone already: only the watch adds
    this.#put(object);
  }

  /** Lists, calls back for everything listed, and then goes on watching until the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    const version = await this.#firstList(signal);
    void this.#follow(version, signal);
  }

  /** A kind that was just defined is not served for a moment; the API server says so with 429. */
  async #firstList(signal: AbortSignal): Promise<string> {
    for (;;) {
      try {
        return await this.#list(signal);
      } catch (error) {
        if (!(error instanceof KubeError) || error.status !== 429) throw error;
        await sleep(RETRY_MS / 5, undefined, { signal });
      }
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    const listed = await this.#client.send({ method: 'GET', path: `${collectionPath(this.#kind)}`, signal, timeoutMs: 30_000 });
    const { items, version } = listOf(listed);
    const present = new Set<string>();
    for (const item of items) {
      const object = this.#kind.parse(item);
      present.add(keyOf(object));
      this.#put(object);
    }
    for (const [key, object] of this.#objects) if (!present.has(key)) this.#remove(object);
    return version;
  }

  async #follow(from: string, signal: AbortSignal): Promise<void> {
    let version = from;
    while (!signal.aborted) {
      try {
        version = await this.#watchFrom(version, signal);
      } catch (error) {
        if (signal.aborted) return;
        const expired = error instanceof KubeError && error.status === 410;
        if (!expired) this.#log.warn('a watch broke and starts anew', { kind: this.#kind.kind, error });
        // Polls only while the API server is away or has forgotten our version.
        version = await this.#listAgain(signal).catch(() => '');
        if (version === '') await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #listAgain(signal: AbortSignal): Promise<string> {
    await sleep(RETRY_MS, undefined, { signal });
    return this.#list(signal);
  }

  async #watchFrom(version: string, signal: AbortSignal): Promise<string> {
    if (version === '') return this.#list(signal);
    const query = `watch=true&allowWatchBookmarks=true&timeoutSeconds=${WATCH_SECONDS}&resourceVersion=${version}`;
    let latest = version;
    let isOver = false;
    const take = (type: string, object: Kind) => {
      // A list has told more than what is still to come of a watch that broke.
      if (isOver) return;
      latest = object.metadata.resourceVersion;
      if (type === 'ADDED' || type === 'MODIFIED') this.#put(object);
      else if (type === 'DELETED') this.#remove(object);
    };
    /** In their order, each as late as the others. */
    let late: Promise<void> | undefined;
    try {
      for await (const { type, object } of this.#client.watch(`${collectionPath(this.#kind)}?${query}`, signal)) {
        if (type === 'ERROR') throw new KubeError(statusOf(object), 'Expired', 'the watch was ended', object);
        const parsed = this.#kind.parse(object);
        const lag = this.#lagMs();
        if (lag === 0 && late === undefined) {
          take(type, parsed);
          continue;
        }
        const due = performance.now() + lag;
        const line: Promise<void> = (late ?? Promise.resolve())
          .then(() => sleep(Math.max(0, due - performance.now()), undefined, { signal }))
          .then(() => {
            take(type, parsed);
            if (late === line) late = undefined;
          });
        // Ended with the signal, as the watch is.
        line.catch(() => {});
        late = line;
      }
      await late;
      return latest;
    } finally {
      isOver = true;
    }
  }

  #put(object: Kind): void {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    if (before !== undefined && before.metadata.uid === object.metadata.uid) {
      const isNewer = Number(object.metadata.resourceVersion) > Number(before.metadata.resourceVersion);
      if (!isNewer) return;
    }
    this.#objects.set(key, object);
    this.#index(before, object);
    for (const change of this.#changes) change(before, object);
  }

  #remove(object: Kind): void {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    if (before === undefined || before.metadata.uid !== object.metadata.uid) return;
    this.#objects.delete(key);
    this.#index(before, undefined);
    for (const change of this.#changes) change(object, undefined);
  }

  #index(before: Kind | undefined, after: Kind | undefined): void {
    const oldOwner = before === undefined ? undefined : controllerOf(before)?.uid;
    if (before !== undefined && oldOwner !== undefined) {
      const owned = this.#byOwner.get(oldOwner);
      owned?.delete(keyOf(before));
      if (owned?.size === 0) this.#byOwner.delete(oldOwner);
    }
    const owner = after === undefined ? undefined : controllerOf(after)?.uid;
    if (after === undefined || owner === undefined) return;
    const owned = this.#byOwner.get(owner) ?? new Map<string, Kind>();
    owned.set(keyOf(after), after);
    this.#byOwner.set(owner, owned);
  }
}

function listOf(value: unknown): { readonly items: readonly unknown[]; readonly version: string } {
  if (typeof value !== 'object' || value === null || !('items' in value) || !('metadata' in value)) {
    throw new Error('the API server sent no list');
  }
  const { metadata } = value;
  const version =
    typeof metadata === 'object' && metadata !== null && 'resourceVersion' in metadata ? String(metadata.resourceVersion) : '';
  return { items: Array.isArray(value.items) ? value.items : [], version };
}

function statusOf(object: unknown): number {
  return typeof object === 'object' && object !== null && 'code' in object ? Number(object.code) : 500;
}
