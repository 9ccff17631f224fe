/**
 * Moves one game server through its states:
 *
 *     PortAllocation ─▶ Creating ─▶ Starting ─▶ Scheduled ─(SDK)─▶ RequestReady ─▶ Ready ─▶ …
 *                          └─ dev-address: no pod ─────────────────────────────▶ Ready
 *     Shutdown ─▶ deletion ─▶ pod deleted ─▶ finalizer off
 *     pod Failed ─▶ Unhealthy      pod Succeeded ─▶ Shutdown
 */
import type { GameServerState } from '../../../sdk-bridge/solo/sidecar/sidecar-game-server.ts';
import { isConflict, KubeError } from '../kube/kube-client.ts';
import { CONTROLLER_FINALIZER, devAddressOf, isBeingDeleted, stateOf, withStatus, type GameServer } from '../resources/game-server.ts';
import { controllerOf, keyOf, splitKey } from '../resources/object-meta.ts';
import type { Pod } from '../resources/pod.ts';
import { GAME_SERVERS, PODS } from '../resources/resource.ts';
import type { ClusterView } from './cluster-view.ts';
import type { EventRecorder } from './event-recorder.ts';
import { podOf } from './game-server-pod.ts';
import { statusOnNode, withPodAddresses } from './node-address.ts';
import { PortAllocator, type PortRange } from './port-allocator.ts';
import { WorkQueue } from './work-queue.ts';

const WIDTH = 64;
const OCCUPIABLE: ReadonlySet<string> = new Set<GameServerState>(['Ready', 'Reserved', 'Allocated']);
const WITHOUT_POD: ReadonlySet<string> = new Set<GameServerState>(['PortAllocation', 'Creating', 'Error']);

export class GameServerController {
  readonly #view: ClusterView;
  readonly #ports: PortAllocator;
  readonly #queue: WorkQueue;
  readonly #podQueue: WorkQueue;
  readonly #events: EventRecorder;
  readonly #health: EventRecorder;
  readonly #succeeded: EventRecorder;
  readonly #missing: EventRecorder;

  constructor(view: ClusterView, range: PortRange, signal: AbortSignal) {
    this.#view = view;
    this.#ports = new PortAllocator(range);
    this.#events = view.recorder('gameserver-controller');
    this.#health = view.recorder('health-controller');
    this.#succeeded = view.recorder('succeeded-controller');
    this.#missing = view.recorder('missing-pod-controller');
    this.#queue = new WorkQueue('game-servers', WIDTH, (key, until) => this.#sync(key, until), view.log, signal);
    this.#podQueue = new WorkQueue('game-server-pods', WIDTH, (key, until) => this.#syncPod(key, until), view.log, signal);
    view.gameServers.onChange((before, after) => this.#gameServerChanged(before, after));
    view.nodes.onChange(() => this.#nodeChanged());
    view.pods.onChange((before, after) => {
      const pod = after ?? before;
      if (pod === undefined || controllerOf(pod)?.kind !== 'GameServer') return;
      this.#queue.add(keyOf(pod));
      this.#podQueue.add(keyOf(pod));
    });
  }

  /** A node that has its address now lets the servers go on that wait for it. */
  #nodeChanged(): void {
    for (const gameServer of this.#view.gameServers.values()) {
      if (stateOf(gameServer) === 'Starting') this.#queue.add(keyOf(gameServer));
    }
  }

  async drained(): Promise<void> {
    await this.#queue.drained();
    await this.#podQueue.drained();
  }

  #gameServerChanged(before: GameServer | undefined, after: GameServer | undefined): void {
    if (after === undefined) {
      if (before !== undefined) this.#ports.release(before.metadata.uid);
      return;
    }
    if (before === undefined) this.#ports.observe(after);
    this.#queue.add(keyOf(after));
    // Its pod may have got its address while the state was being written.
    if (stateOf(after) === 'Scheduled') this.#podQueue.add(keyOf(after));
  }

  async #sync(key: string, signal: AbortSignal): Promise<void> {
    const gameServer = this.#view.gameServers.get(key);
    if (gameServer === undefined) return;
    if (gameServer.metadata.deletionTimestamp !== undefined) return this.#deleting(gameServer, signal);
    switch (stateOf(gameServer)) {
      case 'PortAllocation':
        return this.#allocatePorts(gameServer, signal);
      case 'Creating':
        return this.#create(gameServer, signal);
      case 'Starting':
        return this.#schedule(gameServer, signal);
      case 'RequestReady':
        return this.#ready(gameServer, signal);
      case 'Shutdown':
        return this.#shutDown(gameServer, signal);
      default:
        return;
    }
  }

  async #allocatePorts(gameServer: GameServer, signal: AbortSignal): Promise<void> {
    this.#ports.release(gameServer.metadata.uid);
    const ports = this.#ports.allocate(gameServer);
    if (ports === undefined) throw new Error('no host port is free');
    const next = withStatus({ ...gameServer, spec: { ...gameServer.spec, ports } }, { state: 'Creating' });
    try {
      await this.#write(next, signal);
    } catch (error) {
      this.#ports.release(gameServer.metadata.uid);
      throw error;
    }
    this.#events.tell(gameServer, { type: 'Normal', reason: 'PortAllocation', message: 'Port allocated' });
  }

  async #create(gameServer: GameServer, signal: AbortSignal): Promise<void> {
    const devAddress = devAddressOf(gameServer);
    if (devAddress !== undefined) return this.#readyElsewhere(gameServer, devAddress, signal);
    const { namespace, name } = gameServer.metadata;
    try {
      await this.#view.store.create(PODS, namespace, podOf(gameServer), signal);
      this.#events.tell(gameServer, { type: 'Normal', reason: 'Creating', message: `Pod ${name} created` });
    } catch (error) {
      if (error instanceof KubeError && error.status === 422) return this.#fail(gameServer, error.message, signal);
      const standing = isConflict(error) ? await this.#view.store.get(PODS, namespace, name, signal) : undefined;
      if (standing === undefined || controllerOf(standing)?.uid !== gameServer.metadata.uid) throw error;
    }
    await this.#write(withStatus(gameServer, { state: 'Starting' }), signal);
  }

  /** A development server runs somewhere else: it is taken at its word. */
  async #readyElsewhere(gameServer: GameServer, address: string, signal: AbortSignal): Promise<void> {
    await this.#write(
      withStatus(gameServer, {
        state: 'Ready',
        address,
        addresses: [{ type: 'InternalIP', address }],
        nodeName: address,
        ports: (gameServer.spec.ports ?? []).map((port) => ({ name: port.name ?? '', port: port.hostPort ?? 0 })),
      }),
      signal,
    );
  }

  async #fail(gameServer: GameServer, message: string, signal: AbortSignal): Promise<void> {
    await this.#write(withStatus(gameServer, { state: 'Error' }), signal);
    this.#events.tell(gameServer, { type: 'Warning', reason: 'Error', message });
  }

  /** Waits for its pod to be bound; the pod's next change asks again. */
  async #schedule(gameServer: GameServer, signal: AbortSignal): Promise<void> {
    const pod = this.#view.pods.get(keyOf(gameServer));
    const status = this.#statusOnNode(gameServer, pod);
    if (status === undefined) return;
    await this.#write(withStatus(gameServer, { ...status, state: 'Scheduled' }), signal);
    this.#events.tell(gameServer, { type: 'Normal', reason: 'Scheduled', message: 'Address and port populated' });
  }

  async #ready(gameServer: GameServer, signal: AbortSignal): Promise<void> {
    const isDev = devAddressOf(gameServer) !== undefined;
    const hasAddress = (gameServer.status?.address ?? '') !== '';
    const pod = this.#view.pods.get(keyOf(gameServer));
    const status = isDev || hasAddress ? {} : this.#statusOnNode(gameServer, pod);
    if (status === undefined) return;
    await this.#write(withStatus(gameServer, { ...status, state: 'Ready' }), signal);
    this.#events.tell(gameServer, { type: 'Normal', reason: 'Ready', message: 'SDK.Ready() complete' });
  }

  #statusOnNode(gameServer: GameServer, pod: Pod | undefined): ReturnType<typeof statusOnNode> | undefined {
    const nodeName = pod?.spec.nodeName ?? '';
    const node = nodeName === '' ? undefined : this.#view.nodes.get(`/${nodeName}`);
    return pod === undefined || node === undefined ? undefined : statusOnNode(gameServer, pod, node);
  }

  async #shutDown(gameServer: GameServer, signal: AbortSignal): Promise<void> {
    await this.#view.store.delete(GAME_SERVERS, gameServer, { uid: gameServer.metadata.uid }, signal);
    this.#events.tell(gameServer, { type: 'Normal', reason: 'Shutdown', message: 'Deletion started' });
  }

  /** The finalizer holds the game server until its pod is gone, and with the pod its process and its port. */
  async #deleting(gameServer: GameServer, signal: AbortSignal): Promise<void> {
    const finalizers = gameServer.metadata.finalizers ?? [];
    if (!finalizers.includes(CONTROLLER_FINALIZER)) return;
    const { namespace, name, uid } = gameServer.metadata;
    const pod = devAddressOf(gameServer) === undefined ? await this.#view.store.get(PODS, namespace, name, signal) : undefined;
    if (pod !== undefined && controllerOf(pod)?.uid === uid) {
      if (pod.metadata.deletionTimestamp !== undefined) return; // its going asks again
      await this.#view.store.delete(PODS, pod, { uid: pod.metadata.uid }, signal);
      const reason = stateOf(gameServer);
      this.#events.tell(gameServer, { type: 'Normal', reason, message: `Deleting Pod ${name}` });
      // A pod that never ran is gone at once, and its event may have come before this line.
      this.#queue.addAfter(keyOf(gameServer), 200);
      return;
    }
    const kept = finalizers.filter((finalizer) => finalizer !== CONTROLLER_FINALIZER);
    await this.#write({ ...gameServer, metadata: { ...gameServer.metadata, finalizers: kept } }, signal);
  }

  /** What a pod's fate means for its game server. */
  async #syncPod(key: string, signal: AbortSignal): Promise<void> {
    const gameServer = this.#view.gameServers.get(key);
    if (gameServer === undefined || isBeingDeleted(gameServer)) return;
    const state = stateOf(gameServer);
    if (devAddressOf(gameServer) !== undefined || WITHOUT_POD.has(state) || state === 'Unhealthy') return;
    const pod = this.#view.pods.get(key);
    if (pod === undefined) return this.#podMissing(gameServer, signal);
    if (pod.status?.phase === 'Succeeded') {
      await this.#write(withStatus(gameServer, { state: 'Shutdown' }), signal);
      this.#succeeded.tell(gameServer, { type: 'Normal', reason: 'Shutdown', message: 'Pod is in Succeeded state' });
    } else if (pod.status?.phase === 'Failed' || hasCrashed(gameServer, pod)) {
      await this.#unhealthy(gameServer, this.#health, 'Issue with Gameserver pod', signal);
    } else if (state === 'Scheduled' || OCCUPIABLE.has(state)) {
      const addresses = withPodAddresses(gameServer, pod);
      if (addresses !== undefined) await this.#write(withStatus(gameServer, { addresses }), signal);
    }
  }

  /** The cache may lag behind the pod's creation: only the API server knows that a pod is missing. */
  async #podMissing(gameServer: GameServer, signal: AbortSignal): Promise<void> {
    const { namespace, name } = splitKey(keyOf(gameServer));
    const pod = await this.#view.store.get(PODS, namespace, name, signal);
    if (pod === undefined) await this.#unhealthy(gameServer, this.#missing, 'Pod is missing', signal);
  }

  async #unhealthy(gameServer: GameServer, events: EventRecorder, message: string, signal: AbortSignal): Promise<void> {
    await this.#write(withStatus(gameServer, { state: 'Unhealthy' }), signal);
    events.tell(gameServer, { type: 'Warning', reason: 'Unhealthy', message });
  }

  async #write(gameServer: GameServer, signal: AbortSignal): Promise<void> {
    this.#view.gameServers.observe(await this.#view.store.replace(GAME_SERVERS, gameServer, signal));
  }
}

/** The game's own container ended badly although other containers keep the pod running. */
function hasCrashed(gameServer: GameServer, pod: Pod): boolean {
  const game = pod.status?.containerStatuses?.find(({ name }) => name === gameServer.spec.container);
  return (game?.state?.terminated?.exitCode ?? 0) !== 0;
}
