/** The one game server that a sidecar stands beside: its latest known form, and who wants to hear of changes. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Listener } from '../../../sdk-bridge/solo/sidecar/own-game-server.ts';
import type { SidecarChange } from '../../../sdk-bridge/solo/sidecar/sidecar-game-server.ts';
import { withChange } from '../../../sdk-bridge/solo/sidecar/with-change.ts';
import { isConflict, type KubeClient } from '../kube/kube-client.ts';
import type { Log } from '../log.ts';
import type { GameServer } from '../resources/game-server.ts';
import { collectionPath, GAME_SERVERS, objectPath } from '../resources/resource.ts';

const RETRY_MS = 300;

export class OwnGameServer {
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #name: string;
  readonly #log: Log;
  readonly #listeners = new Set<Listener>();
  #current: GameServer;

  private constructor(client: KubeClient, log: Log, current: GameServer) {
    this.#client = client;
    this.#log = log;
    this.#current = current;
    this.#namespace = current.metadata.namespace;
    this.#name = current.metadata.name;
  }

  /** Reads the game server, and follows it until the signal aborts. Tries on while the API server is away. */
  static async follow(client: KubeClient, namespace: string, name: string, log: Log, signal: AbortSignal): Promise<OwnGameServer> {
    for (;;) {
      try {
        const path = objectPath(GAME_SERVERS, namespace, name);
        const own = new OwnGameServer(client, log, GAME_SERVERS.parse(await client.send({ method: 'GET', path, signal })));
        void own.#follow(signal);
        return own;
      } catch (error) {
        if (signal.aborted) throw error;
        log.warn('the game server could not be read', { error });
        await sleep(RETRY_MS, undefined, { signal });
      }
    }
  }

  get current(): GameServer {
    return this.#current;
  }

  /** Hears of every change from now on; what is returned ends that. */
  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Writes on the latest known form, once more on a fresh one when somebody else was quicker. */
  async change(make: (current: GameServer) => SidecarChange, signal: AbortSignal): Promise<void> {
    try {
      await this.#write(withChange(this.#current, make(this.#current)), signal);
    } catch (error) {
      if (!isConflict(error)) throw error;
      await this.#refresh(signal);
      await this.#write(withChange(this.#current, make(this.#current)), signal);
    }
  }

  async #write(gameServer: GameServer, signal: AbortSignal): Promise<void> {
    const path = objectPath(GAME_SERVERS, this.#namespace, this.#name);
    this.#take(GAME_SERVERS.parse(await this.#client.send({ method: 'PUT', path, body: gameServer, signal })));
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    const path = objectPath(GAME_SERVERS, this.#namespace, this.#name);
    this.#take(GAME_SERVERS.parse(await this.#client.send({ method: 'GET', path, signal })));
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#watch(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#log.warn('the watch broke and starts anew', { error });
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
        await this.#refresh(signal).catch(() => undefined);
      }
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const version = this.#current.metadata.resourceVersion;
    const query = `watch=true&timeoutSeconds=600&fieldSelector=metadata.name=${this.#name}&resourceVersion=${version}`;
    for await (const { type, object } of this.#client.watch(`${collectionPath(GAME_SERVERS, this.#namespace)}?${query}`, signal)) {
      if (type === 'ERROR') throw new Error('the API server ended the watch');
      if (type !== 'DELETED') this.#take(GAME_SERVERS.parse(object));
    }
  }

  #take(gameServer: GameServer): void {
    if (Number(gameServer.metadata.resourceVersion) <= Number(this.#current.metadata.resourceVersion)) return;
    this.#current = gameServer;
    for (const listener of this.#listeners) listener(gameServer);
  }
}
