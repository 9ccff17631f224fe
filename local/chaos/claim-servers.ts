/**
 * Plays the game servers of the fleet without pods: each that is Allocated claims its session, accepts it (or refuses, or stays
 * silent), plays it for a moment and shuts down, as a bridge would.
 */
import { AppError } from '../../contracts/app-error.ts';
import { allocatorApi } from '../../contracts/allocator-api.ts';
import { GAME_SERVER_MARKS } from '../../contracts/allocator.ts';
import { createClient, type Send } from '../../contracts/client.ts';
import { Attempt, Uid } from '../../contracts/words.ts';
import { pause } from '../../runtime/deadline.ts';
import type { KubeClient } from '../agones/kube/kube-client.ts';
import { isNotFound } from '../agones/kube/kube-client.ts';
import { WatchCache } from '../agones/kube/watch-cache.ts';
import type { Log } from '../agones/log.ts';
import { FLEET_LABEL, isBeingDeleted, stateOf, type GameServer } from '../agones/resources/game-server.ts';
import { GAME_SERVERS } from '../agones/resources/resource.ts';
import { CHAOS_FLEET, shutDown } from './chaos-fleet.ts';
import { PODLESS_BUILD } from '../podless-fleet.ts';
import { keepTrying } from './keep-trying.ts';
import type { PodTokens } from './pod-tokens.ts';

export interface ClaimParts {
  readonly client: KubeClient;
  readonly tokens: PodTokens;
  /** Of the allocator's processes; each call goes to any of them. */
  readonly urls: readonly string[];
  readonly send: Send;
  readonly log: Log;
  readonly luck: () => number;
  readonly signal: AbortSignal;
  readonly onTrouble: (text: string) => void;
}

const PLAYED_MS = 4_000;
/** Of a hundred servers, so many refuse the session, and so many never say a word. */
const REFUSE = 0.03;
const SILENT = 0.01;

/** Resolves when the game servers are watched; they are played until the signal. */
export async function claimServers(parts: ClaimParts): Promise<void> {
  const playing = new Set<string>();
  const cache = new WatchCache(parts.client, GAME_SERVERS, parts.log);
  cache.onChange((_before, server) => {
    if (server === undefined || server.metadata.labels?.[FLEET_LABEL] !== CHAOS_FLEET) return;
    if (stateOf(server) !== 'Allocated' || isBeingDeleted(server)) return;
    const { uid } = server.metadata;
    if (playing.has(uid)) return;
    playing.add(uid);
    play(parts, server).catch((cause: unknown) => {
      if (!parts.signal.aborted) parts.onTrouble(`a game server's player: ${cause instanceof Error ? cause.message : String(cause)}`);
    });
  });
  await cache.start(parts.signal);
}

async function play(parts: ClaimParts, server: GameServer): Promise<void> {
  const { send, luck, signal } = parts;
  const { namespace, name, labels = {}, uid: serverUid } = server.metadata;
  const uid = Uid.parse(labels[GAME_SERVER_MARKS.uid]);
  const attempt = Attempt.parse(labels[GAME_SERVER_MARKS.attempt]);
  const token = await parts.tokens.tokenOf(namespace, { name, uid: serverUid });
  const clients = parts.urls.map((baseUrl) => createClient(allocatorApi, { baseUrl, send, token: () => token }));
  const any = () => clients[Math.floor(luck() * clients.length)] ?? clients[0];
  const params = { uid, attempt };
  const try_ = <T>(call: (client: NonNullable<ReturnType<typeof any>>) => Promise<T>) =>
    keepTrying(async () => {
      const client = any();
      if (client === undefined) throw new Error('there is no allocator');
      return call(client);
    }, signal);
  try {
    const fate = luck();
    if (fate < SILENT) return;
    await try_((client) => client.claimAttempt({ params, body: { gameServer: name } }, { signal, timeoutMs: 6_000 }));
    if (fate < SILENT + REFUSE) {
      await try_((client) => client.failAttempt({ params, body: { gameServer: name, reason: 'by chance' } }, { signal }));
    } else {
      await try_((client) => client.acceptAttempt({ params, body: { gameServer: name, build: PODLESS_BUILD, port: 7_777 } }, { signal }));
      await pause(luck() * PLAYED_MS, signal);
      await try_((client) => client.endAttempt({ params, body: { gameServer: name, reason: 'played' } }, { signal }));
    }
  } catch (cause) {
    signal.throwIfAborted();
    // Not ours, or not any more: a bridge shuts its server down then.
    if (!(cause instanceof AppError) || cause.retryable) throw cause;
  }
  await keepTrying(() => shutDown(parts.client, server, signal), signal).catch((cause: unknown) => {
    if (!isNotFound(cause)) throw cause;
  });
}
