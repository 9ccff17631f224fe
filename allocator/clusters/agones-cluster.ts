/** One cluster that runs Agones: ask it for a game server, look who carries a mark, release, watch. */
import { z } from 'zod';
import { AppError } from '../../contracts/app-error.ts';
import { GAME_SERVER_MARKS } from '../../contracts/allocator.ts';
import { pause } from '../../runtime/deadline.ts';
import type { Log } from '../../runtime/log.ts';
import type { ClusterConfig } from '../config.ts';
import { Census } from './census.ts';
import { gameServerOf, sessionTextOf, type GameServer } from './game-server.ts';
import type { KubeApi } from './kube-api.ts';

/** What is asked for, and what marks the winner. */
export interface Ask {
  readonly owner: string;
  readonly uid: string;
  readonly attempt: number;
  readonly id: string;
  readonly fleet: string;
  readonly build: string;
  /** Of the request, for whoever takes the session up. */
  readonly traceparent: string;
  /** What the server is to carry of its session: see `session-essentials.ts`. */
  readonly session: string;
}

export type AskOutcome =
  | { readonly kind: 'bound'; readonly gameServer: string; readonly address: string; readonly port: number }
  /** Nothing matched: certain. */
  | { readonly kind: 'none' }
  /** A server may or may not carry our marks now, or may later: look, and do not reuse this attempt. */
  | { readonly kind: 'doubt'; readonly cause: AppError };

export type AnnotateOutcome = 'written' | 'gone' | 'changed' | 'not-ours';
export type ReleaseOutcome = 'released' | 'gone' | 'changed' | 'not-ours';

/** Longest that a look or a release may take, in milliseconds. */
const LOOK_MS = 5_000;
const LIST_MS = 30_000;
const WATCH_SECONDS = 300;
const RETRY_MS = 1_000;

const Answer = z.object({
  status: z.object({
    state: z.enum(['Allocated', 'UnAllocated', 'Contention']),
    gameServerName: z.string().optional(),
    address: z.string().optional(),
    ports: z.array(z.object({ port: z.int() })).nullish(),
  }),
});

const List = z.object({ metadata: z.object({ resourceVersion: z.string() }), items: z.array(z.unknown()) });

export class AgonesCluster {
  readonly config: ClusterConfig;
  readonly census: Census;
  readonly #api: KubeApi;
  readonly #log: Log;
  #healthy = false;
  /** Ends the present watch, so that the next list probes the cluster. */
  #watching = new AbortController();

  constructor(config: ClusterConfig, api: KubeApi, log: Log, now: () => number) {
    this.config = config;
    this.#api = api;
    this.#log = log.with({ cluster: config.name });
    this.census = new Census(now);
  }

  /** False while its API does not answer; then only the watch probes it, off the path of requests. */
  get healthy(): boolean {
    return this.#healthy && this.census.synced;
  }

  /** Two ordered selectors: first whoever carries our marks already, so that a repeat of this very ask meets its own server. */
  async allocate(ask: Ask, timeoutMs: number): Promise<AskOutcome> {
    const marks = marksOf(ask);
    const fleet = { 'agones.dev/fleet': ask.fleet, [GAME_SERVER_MARKS.build]: ask.build };
    const body = {
      apiVersion: 'allocation.agones.dev/v1',
      kind: 'GameServerAllocation',
      spec: {
        selectors: [
          { matchLabels: marks, gameServerState: 'Allocated' },
          { matchLabels: fleet, gameServerState: 'Ready' },
        ],
        scheduling: 'Packed',
        metadata: {
          labels: marks,
          annotations: {
            [GAME_SERVER_MARKS.id]: ask.id,
            [GAME_SERVER_MARKS.traceparent]: ask.traceparent,
            [GAME_SERVER_MARKS.session]: ask.session,
          },
        },
      },
    };
    const path = `/apis/allocation.agones.dev/v1/namespaces/${this.config.namespace}/gameserverallocations`;
    try {
      const answer = await this.#api.send({ method: 'POST', path, body, timeoutMs });
      return this.#outcome(ask, answer.status, answer.body);
    } catch (cause) {
      const error = cause instanceof AppError ? cause : new AppError('internal', 'ask_failed', 'the ask failed', { cause });
      this.#suspect(error);
      return { kind: 'doubt', cause: error };
    }
  }

  /** Asks the API server itself, not the census, who carries an attempt. @throws AppError when it does not answer. */
  async findCarrier(owner: string, uid: string, attempt: number): Promise<GameServer | undefined> {
    const selector = Object.entries(marksOf({ owner, uid, attempt }))
      .map(([name, value]) => `${name}=${value}`)
      .join(',');
    const answer = await this.#api.send({
      method: 'GET',
      path: `${this.#path}?labelSelector=${encodeURIComponent(selector)}`,
      timeoutMs: LOOK_MS,
    });
    if (answer.status !== 200) throw unexpected('list', answer.status);
    return List.parse(answer.body).items.map(gameServerOf)[0];
  }

  /** Asks the API server itself for one game server, and for what it carries of its session. @throws AppError when it does not answer. */
  async look(name: string): Promise<{ server: GameServer; session: string | undefined } | undefined> {
    const answer = await this.#api.send({ method: 'GET', path: `${this.#path}/${name}`, timeoutMs: LOOK_MS });
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw unexpected('get', answer.status);
    return { server: gameServerOf(answer.body), session: sessionTextOf(answer.body) };
  }

  /** Deletes the server if it still is what we know of it: same object, same version, our mark. */
  async release(server: GameServer, owner: string): Promise<ReleaseOutcome> {
    if (server.owner !== owner) return 'not-ours';
    if (server.deleting) return 'gone';
    const answer = await this.#api.send({
      method: 'DELETE',
      path: `${this.#path}/${server.name}`,
      body: {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        preconditions: { uid: server.uid, resourceVersion: server.resourceVersion },
        propagationPolicy: 'Background',
      },
      timeoutMs: LOOK_MS,
    });
    if (answer.status === 404) return 'gone';
    if (answer.status === 409) return 'changed';
    if (answer.status >= 300) throw unexpected('delete', answer.status);
    return 'released';
  }

  /** Writes an annotation, or takes it away, if the server still is what we know of it: same object, same version, our mark. */
  async annotate(server: GameServer, owner: string, name: string, value: string | undefined): Promise<AnnotateOutcome> {
    if (server.owner !== owner) return 'not-ours';
    const { uid, resourceVersion } = server;
    const answer = await this.#api.send({
      method: 'PATCH',
      path: `${this.#path}/${server.name}`,
      body: { metadata: { uid, resourceVersion, annotations: { [name]: value ?? null } } },
      timeoutMs: LOOK_MS,
    });
    if (answer.status === 404) return 'gone';
    if (answer.status === 409) return 'changed';
    if (answer.status >= 300) throw unexpected('patch', answer.status, answer.body);
    return 'written';
  }

  /** Keeps the census until the signal: list, then watch from there; on 410 or any break, list anew. */
  async follow(signal: AbortSignal): Promise<void> {
    let version = '';
    while (!signal.aborted) {
      try {
        if (version === '') version = await this.#relist(signal);
        this.#watching = new AbortController();
        version = await this.#watchFrom(version, AbortSignal.any([signal, this.#watching.signal]));
      } catch (cause) {
        if (signal.aborted) return;
        version = '';
        if (this.#watching.signal.aborted) continue;
        if (!(cause instanceof AppError && cause.kind === 'gone')) this.#suspect(cause);
        // The API server is away or has forgotten our version: this is the probe that finds it back.
        await pause(RETRY_MS, signal);
      }
    }
  }

  close(): void {
    this.#api.close();
  }

  get #path(): string {
    return `/apis/agones.dev/v1/namespaces/${this.config.namespace}/gameservers`;
  }

  #outcome(ask: Ask, status: number, body: unknown): AskOutcome {
    const parsed = Answer.safeParse(body);
    if (status >= 300 || !parsed.success) return { kind: 'doubt', cause: unexpected('allocate', status, body) };
    const { state, gameServerName, address, ports } = parsed.data.status;
    if (state === 'UnAllocated') {
      this.census.noteNone(ask.fleet);
      return { kind: 'none' };
    }
    const port = ports?.[0]?.port;
    if (state === 'Contention' || gameServerName === undefined || address === undefined || port === undefined)
      return { kind: 'doubt', cause: new AppError('unavailable', 'cluster_contention', `the cluster answered ${state}`) };
    this.census.noteTaken(gameServerName);
    return { kind: 'bound', gameServer: gameServerName, address, port };
  }

  async #relist(signal: AbortSignal): Promise<string> {
    const answer = await this.#api.send({ method: 'GET', path: this.#path, timeoutMs: LIST_MS, signal });
    if (answer.status !== 200) throw unexpected('list', answer.status, answer.body);
    const { metadata, items } = List.parse(answer.body);
    this.census.replaceAll(items);
    if (!this.#healthy) this.#log.info('the cluster answers', { gameServers: items.length });
    this.#healthy = true;
    return metadata.resourceVersion;
  }

  async #watchFrom(from: string, signal: AbortSignal): Promise<string> {
    let version = from;
    const query = `watch=true&allowWatchBookmarks=true&timeoutSeconds=${WATCH_SECONDS}&resourceVersion=${from}`;
    for await (const { type, object } of this.#api.watch(`${this.#path}?${query}`, signal)) {
      version = versionOf(object) ?? version;
      if (type === 'DELETED') this.census.remove(object);
      else if (type !== 'BOOKMARK') this.census.put(object);
    }
    return version;
  }

  #suspect(cause: unknown): void {
    if (this.#healthy) this.#log.warn('the cluster does not answer; it is left out until it does', { cause });
    this.#healthy = false;
    this.#watching.abort();
  }
}

export function marksOf({ owner, uid, attempt }: { owner: string; uid: string; attempt: number }): Record<string, string> {
  return { [GAME_SERVER_MARKS.owner]: owner, [GAME_SERVER_MARKS.uid]: uid, [GAME_SERVER_MARKS.attempt]: String(attempt) };
}

function versionOf(object: unknown): string | undefined {
  const parsed = z.object({ metadata: z.object({ resourceVersion: z.string() }) }).safeParse(object);
  return parsed.success ? parsed.data.metadata.resourceVersion : undefined;
}

function unexpected(verb: string, status: number, body?: unknown): AppError {
  return new AppError(
    'unavailable',
    'cluster_answer',
    `the cluster answered ${status} to ${verb}: ${JSON.stringify(body)?.slice(0, 300) ?? ''}`,
  );
}
