/** A namespace with one fleet, whose pods are played: bound at once, running at once, their games Ready at once. */
import { EventRecorder } from '../../../local/agones/controllers/event-recorder.ts';
import { WatchCache } from '../../../local/agones/kube/watch-cache.ts';
import { jsonLog } from '../../../local/agones/log.ts';
import { stateOf, type GameServer } from '../../../local/agones/resources/game-server.ts';
import { keyOf } from '../../../local/agones/resources/object-meta.ts';
import type { Pod } from '../../../local/agones/resources/pod.ts';
import { collectionPath, FLEETS, GAME_SERVERS, GAME_SERVER_SETS, objectPath, PODS } from '../../../local/agones/resources/resource.ts';
import { OwnGameServer } from '../../../local/agones/sdk-server/own-game-server.ts';
import { SdkServer } from '../../../sdk-bridge/solo/sidecar/sdk-server.ts';
import { afterMs } from '../../../sdk-bridge/solo/sidecar/write-queue.ts';
import { waitUntil } from '../../../local/processes/wait-until.ts';
import type { ConformanceCluster } from './conformance-cluster.ts';
import { gameServerStep, LivesRecorder, type Lives } from './recorded-lives.ts';
import { runPod } from './sidecar-bed.ts';

const WRITE_DELAY_MS = 50;
const MERGE = 'application/merge-patch+json';

export class FleetStage {
  readonly #cluster: ConformanceCluster;
  readonly #namespace: string;
  readonly #ending = new AbortController();
  readonly #recorder = new LivesRecorder();
  readonly #sdks = new Map<string, SdkServer>();
  readonly #servers: WatchCache<GameServer>;
  readonly #log = jsonLog(
    () => undefined,
    () => new Date(),
  );

  constructor(cluster: ConformanceCluster, namespace: string) {
    this.#cluster = cluster;
    this.#namespace = namespace;
    this.#servers = new WatchCache(cluster.client, GAME_SERVERS, this.#log);
  }

  /** Makes the fleet and waits until all of it is Ready. */
  async open(replicas: number, fleetSpec: object = {}, gameServerSpec: object = {}): Promise<void> {
    const { client } = this.#cluster;
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.#namespace } };
    await client.send({ method: 'POST', path: '/api/v1/namespaces', body: namespace });
    const sets = new WatchCache(client, GAME_SERVER_SETS, this.#log);
    const pods = new WatchCache(client, PODS, this.#log);
    const signal = this.#ending.signal;
    this.#servers.onChange((before, after) => {
      const one = after ?? before;
      if (one?.metadata.namespace !== this.#namespace) return;
      const step = gameServerStep(stateOf(one), one.metadata.deletionTimestamp !== undefined);
      this.#recorder.see({ kind: 'gs', name: one.metadata.name, event: after === undefined ? 'DELETED' : 'SEEN', step });
    });
    sets.onChange((before, after) => {
      const one = after ?? before;
      if (one?.metadata.namespace !== this.#namespace) return;
      const event = after === undefined ? 'DELETED' : 'SEEN';
      this.#recorder.see({ kind: 'gss', name: one.metadata.name, event, step: String(one.spec.replicas ?? 0) });
    });
    pods.onChange((before, after) => void this.#play(before, after).catch(() => undefined));
    await this.#servers.start(signal);
    await sets.start(signal);
    await pods.start(signal);
    const template = {
      metadata: { labels: { v: '1' } },
      spec: {
        ports: [{ name: 'default', containerPort: 7777 }],
        health: { disabled: true },
        ...gameServerSpec,
        template: { spec: { containers: [{ name: 'game', image: 'none' }] } },
      },
    };
    const fleet = { apiVersion: 'agones.dev/v1', kind: 'Fleet', metadata: { name: 'f' }, spec: { replicas, ...fleetSpec, template } };
    await client.send({ method: 'POST', path: collectionPath(FLEETS, this.#namespace), body: fleet });
    await this.until(`${replicas} are Ready`, () => this.inState('Ready').length === replicas);
  }

  inState(state: string): GameServer[] {
    const mine = [...this.#servers.values()].filter(({ metadata }) => metadata.namespace === this.#namespace);
    return mine.filter((one) => stateOf(one) === state && one.metadata.deletionTimestamp === undefined);
  }

  sdkOf(gameServer: GameServer): SdkServer {
    const sdk = this.#sdks.get(gameServer.metadata.name);
    if (sdk === undefined) throw new Error(`${gameServer.metadata.name} has no sidecar`);
    return sdk;
  }

  /** Allocates one, and gives it as it stands now; undefined when none was free. */
  async allocate(): Promise<GameServer | undefined> {
    const path = `/apis/allocation.agones.dev/v1/namespaces/${this.#namespace}/gameserverallocations`;
    const spec = { selectors: [{ matchLabels: { 'agones.dev/fleet': 'f' } }] };
    const body = { apiVersion: 'allocation.agones.dev/v1', kind: 'GameServerAllocation', spec };
    const answer = JSON.stringify(await this.#cluster.client.send({ method: 'POST', path, body }));
    const name = /"gameServerName":"([^"]+)"/.exec(answer)?.[1];
    if (name === undefined) return undefined;
    const isAllocated = (): GameServer | undefined => this.inState('Allocated').find(({ metadata }) => metadata.name === name);
    await this.until(`${name} is seen Allocated`, () => isAllocated() !== undefined);
    return isAllocated();
  }

  async endPod(gameServer: GameServer, phase: 'Succeeded' | 'Failed'): Promise<void> {
    const path = `/api/v1/namespaces/${this.#namespace}/pods/${gameServer.metadata.name}/status`;
    await this.#cluster.client.send({ method: 'PATCH', path, contentType: MERGE, body: { status: { phase } } });
  }

  async delete(gameServer: GameServer): Promise<void> {
    await this.#cluster.client.send({ method: 'DELETE', path: objectPath(GAME_SERVERS, this.#namespace, gameServer.metadata.name) });
  }

  async deleteFleet(): Promise<void> {
    await this.#cluster.client.send({ method: 'DELETE', path: objectPath(FLEETS, this.#namespace, 'f') });
  }

  async patchFleet(spec: object): Promise<void> {
    const path = objectPath(FLEETS, this.#namespace, 'f');
    await this.#cluster.client.send({ method: 'PATCH', path, contentType: MERGE, body: { spec } });
  }

  lives(): Lives {
    return this.#recorder.lives();
  }

  until(what: string, isSo: () => boolean): Promise<unknown> {
    return waitUntil(isSo, { what, deadlineMs: 60_000, everyMs: 20, signal: this.#ending.signal });
  }

  close(): void {
    this.#ending.abort();
  }

  /** The kubelet's part, and the game's: it is Ready as soon as it runs. */
  async #play(before: Pod | undefined, after: Pod | undefined): Promise<void> {
    const { client } = this.#cluster;
    if (after === undefined || after.metadata.namespace !== this.#namespace) return;
    const { name } = after.metadata;
    if (after.metadata.deletionTimestamp !== undefined) {
      const path = objectPath(PODS, this.#namespace, name);
      await client.send({ method: 'DELETE', path, body: { gracePeriodSeconds: 0 } });
      return;
    }
    if (before !== undefined) return;
    await runPod(this.#cluster, this.#namespace, name);
    const key = keyOf(after);
    await this.until(`${name} is scheduled`, () => stateOf(this.#servers.get(key) ?? ({} as GameServer)) === 'Scheduled');
    const now = (): Date => new Date();
    const own = await OwnGameServer.follow(client, this.#namespace, name, this.#log, this.#ending.signal);
    const events = new EventRecorder(client, 'gameserver-sidecar', this.#log, now, () => Math.random().toString(16).slice(2));
    const sdk = new SdkServer({
      own,
      events: { tell: (told) => events.tell(own.current, told) },
      log: this.#log,
      now,
      writeLater: afterMs(WRITE_DELAY_MS),
      signal: this.#ending.signal,
    });
    this.#sdks.set(name, sdk);
    sdk.ready();
  }
}
