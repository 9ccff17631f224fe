/**
 * Keeps a view of what a cluster has of one resource: a list in pages, then the watch that follows it. A watch that breaks is resumed
 * from its last version; only when the API server has forgotten that one (410 Gone), or the cluster may be another one, all is listed anew.
 */
import { ExponentialBackoff, type IBackoff } from 'cockatiel';
import { z } from 'zod';
import { AppError } from '../../contracts/app-error.ts';
import { pause } from '../../runtime/deadline.ts';
import type { KubeApi } from './kube-api.ts';
import { answerError } from './kube-errors.ts';

/** What is kept up by being told. */
export interface FollowedView {
  /** A full list: what is not in it is gone. */
  replaceAll(objects: readonly unknown[]): void;
  put(object: unknown): void;
  remove(object: unknown): void;
}

export interface FollowParts {
  readonly api: KubeApi;
  /** Of the resource, without a query. */
  readonly path: string;
  readonly view: FollowedView;
  /** What of a listed object is kept until the list is whole; all of it where absent. */
  readonly slim?: (object: unknown) => unknown;
  /** A watch without a byte for this long is dead, in milliseconds. */
  readonly silentMs: number;
  /** Objects per answer of a list. */
  readonly pageSize: number;
  /** The present way of watching ends with this signal. `relist`: what was seen so far may be of another cluster. */
  readonly interruption: () => { readonly signal: AbortSignal; readonly relist: () => boolean };
  readonly heard: () => void;
  /** The view follows the cluster, or it no longer does. */
  readonly fresh: (isFresh: boolean) => void;
  readonly relisted: (why: RelistReason, count: number) => void;
  /** No list or watch could be had. A watch that breaks off is no failure yet: it may be had again. */
  readonly failed: (cause: unknown) => void;
}

export type RelistReason = 'start' | 'gone' | 'moved';

const PAGE_MS = 15_000;
const WATCH_SECONDS = 300;
/** A watch that ends sooner was no watch: whoever cuts it would do so again at once. Milliseconds. */
const SHORT_MS = 1_000;
const WAITS = new ExponentialBackoff({ initialDelay: 100, maxDelay: 5_000 });

const Page = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.unknown()),
});
const Versioned = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

/** For the lifecycle: until the signal. */
export async function followObjects(parts: FollowParts, signal: AbortSignal): Promise<void> {
  const place = { version: '', why: 'start' as RelistReason };
  let wait: IBackoff<unknown> = WAITS.next();
  while (!signal.aborted) {
    const interrupted = parts.interruption();
    const began = performance.now();
    let open = false;
    try {
      if (place.version === '') place.version = await relist(parts, place.why, signal);
      const ends = AbortSignal.any([signal, interrupted.signal]);
      const onOpen = () => {
        open = true;
        parts.fresh(true);
      };
      await watchFrom(parts, place, onOpen, ends);
    } catch (cause) {
      if (signal.aborted) return;
      const isGone = cause instanceof AppError && cause.kind === 'gone';
      if (isGone) forget(place, 'gone');
      else if (!open && !interrupted.signal.aborted) parts.failed(cause);
    } finally {
      parts.fresh(false);
    }
    if (interrupted.relist()) forget(place, 'moved');
    if (open && performance.now() - began >= SHORT_MS) wait = WAITS.next();
    else {
      await pause(wait.duration, signal);
      wait = wait.next(undefined);
    }
  }
}

interface Place {
  version: string;
  why: RelistReason;
}

function forget(place: Place, why: RelistReason): void {
  place.version = '';
  place.why = why;
}

/** Page by page, so that tens of thousands of objects need no single huge answer. Returns the version to watch from. */
async function relist(parts: FollowParts, why: RelistReason, signal: AbortSignal): Promise<string> {
  const items: unknown[] = [];
  let next = '';
  for (;;) {
    const query = `limit=${parts.pageSize}${next === '' ? '' : `&continue=${encodeURIComponent(next)}`}`;
    const answer = await parts.api.send({ method: 'GET', path: `${parts.path}?${query}`, timeoutMs: PAGE_MS, signal });
    if (answer.status !== 200) throw answerError('list', answer.status, answer.body);
    parts.heard();
    const page = Page.parse(answer.body);
    for (const item of page.items) items.push(parts.slim === undefined ? item : parts.slim(item));
    next = page.metadata.continue ?? '';
    if (next !== '') continue;
    parts.view.replaceAll(items);
    parts.relisted(why, items.length);
    return page.metadata.resourceVersion;
  }
}

async function watchFrom({ api, path, view, silentMs, heard }: FollowParts, place: Place, onOpen: () => void, ends: AbortSignal) {
  const query = `watch=true&allowWatchBookmarks=true&timeoutSeconds=${WATCH_SECONDS}&resourceVersion=${place.version}`;
  for await (const { type, object } of api.watch(`${path}?${query}`, ends, { silentMs, onOpen, onHeard: heard })) {
    const versioned = Versioned.safeParse(object);
    // Before it is taken in: what cannot be read is passed over, and not met again.
    if (versioned.success) place.version = versioned.data.metadata.resourceVersion;
    if (type === 'DELETED') view.remove(object);
    else if (type !== 'BOOKMARK') view.put(object);
  }
}
