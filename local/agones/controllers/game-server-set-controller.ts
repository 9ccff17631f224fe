/** Keeps each set at its number of game servers, replaces broken ones, and marks those beyond the number. */
import type { GameServerSet } from '../resources/fleet.ts';
import {
  AGONES_API_VERSION,
  FLEET_LABEL,
  GAME_SERVER_SET_LABEL,
  isBeingDeleted,
  stateOf,
  withStatus,
  type GameServer,
} from '../resources/game-server.ts';
import { controllerOf, keyOf, ownedBy, type Texts } from '../resources/object-meta.ts';
import { GAME_SERVERS, GAME_SERVER_SETS } from '../resources/resource.ts';
import type { ClusterView } from './cluster-view.ts';
import type { EventRecorder } from './event-recorder.ts';
import { setStatusOf } from './fleet-counts.ts';
import { sameJson } from './same-json.ts';
import { planOf } from './set-plan.ts';
import { WorkQueue } from './work-queue.ts';

const WIDTH = 8;
/** So many at once; the rest follows, so that one large set does not keep the API server from everybody else. */
const MAX_CREATED = 64;
const MAX_SHUT_DOWN = 64;

export class GameServerSetController {
  readonly #view: ClusterView;
  readonly #queue: WorkQueue;
  readonly #events: EventRecorder;
  /** Created but not in the cache yet, per set: without it a lagging watch would have them made again. */
  readonly #awaited = new Map<string, Set<string>>();

  constructor(view: ClusterView, signal: AbortSignal) {
    this.#view = view;
    this.#events = view.recorder('gameserverset-controller');
    this.#queue = new WorkQueue('game-server-sets', WIDTH, (key, until) => this.#sync(key, until), view.log, signal);
    view.sets.onChange((_before, after) => after !== undefined && this.#queue.add(keyOf(after)));
    view.gameServers.onChange((before, after) => this.#gameServerChanged(before, after));
  }

  drained(): Promise<void> {
    return this.#queue.drained();
  }

  /** Only a new state counts: a server that is being deleted is replaced when it is gone, or once it says Shutdown. */
  #gameServerChanged(before: GameServer | undefined, after: GameServer | undefined): void {
    const gameServer = after ?? before;
    const owner = gameServer === undefined ? undefined : controllerOf(gameServer);
    if (gameServer === undefined || owner?.kind !== 'GameServerSet') return;
    if (after !== undefined) this.#awaited.get(owner.uid)?.delete(after.metadata.uid);
    const isSame = before !== undefined && after !== undefined && countedAs(before) === countedAs(after);
    if (!isSame) this.#queue.add(`${gameServer.metadata.namespace}/${owner.name}`);
  }

  async #sync(key: string, signal: AbortSignal): Promise<void> {
    const set = this.#view.sets.get(key);
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) return;
    const gameServers = this.#view.gameServers.ownedBy(set.metadata.uid);
    const wanted = set.spec.replicas ?? 0;
    const plan = planOf(gameServers, wanted, set.spec.scheduling ?? 'Packed', set.spec.priorities);
    const awaited = this.#awaited.get(set.metadata.uid)?.size ?? 0;
    const missing = Math.max(0, plan.create - awaited);
    // To the end of all of them: one that is still under way when another has failed is neither in the cache nor awaited, and is made again.
    const ends = await Promise.allSettled([
      ...Array.from({ length: Math.min(missing, MAX_CREATED) }, () => this.#create(set, signal)),
      ...plan.shutDown.slice(0, MAX_SHUT_DOWN).map((gameServer) => this.#shutDown(set, gameServer, signal)),
    ]);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    await this.#markOverflow(set, gameServers, wanted, signal);
    await this.#tellStatus(set, signal);
    if (missing > MAX_CREATED || plan.shutDown.length > MAX_SHUT_DOWN) this.#queue.add(key);
  }

  async #create(set: GameServerSet, signal: AbortSignal): Promise<void> {
    const created = await this.#view.store.create(GAME_SERVERS, set.metadata.namespace, newGameServer(set), signal);
    if (this.#view.gameServers.get(keyOf(created)) === undefined) {
      const awaited = this.#awaited.get(set.metadata.uid) ?? new Set<string>();
      awaited.add(created.metadata.uid);
      this.#awaited.set(set.metadata.uid, awaited);
    }
    const message = `Created gameserver: ${created.metadata.name}`;
    this.#events.tell(set, { type: 'Normal', reason: 'SuccessfulCreate', message });
  }

  async #shutDown(set: GameServerSet, gameServer: GameServer, signal: AbortSignal): Promise<void> {
    const state = stateOf(gameServer);
    const written = await this.#view.store.replace(GAME_SERVERS, withStatus(gameServer, { state: 'Shutdown' }), signal);
    this.#view.gameServers.observe(written);
    const message = `Deleted gameserver in state ${state}: ${gameServer.metadata.name}`;
    this.#events.tell(set, { type: 'Normal', reason: 'SuccessfulDelete', message });
  }

  /** Allocated servers beyond the wanted number stay, but carry the fleet's overflow labels from now on. */
  async #markOverflow(set: GameServerSet, gameServers: readonly GameServer[], wanted: number, signal: AbortSignal): Promise<void> {
    const overflow = set.spec.allocationOverflow;
    if (overflow === undefined || overflow === null) return;
    const allocated = gameServers.filter((gameServer) => stateOf(gameServer) === 'Allocated' && !isBeingDeleted(gameServer));
    const surplus = allocated.length - wanted;
    if (surplus <= 0) return;
    const isMarked = ({ metadata }: GameServer): boolean =>
      has(metadata.labels, overflow.labels) && has(metadata.annotations, overflow.annotations);
    const unmarked = allocated.filter((gameServer) => !isMarked(gameServer));
    const toMark = unmarked.slice(0, Math.max(0, surplus - (allocated.length - unmarked.length)));
    for (const gameServer of toMark) {
      const { metadata } = gameServer;
      const marked = {
        ...gameServer,
        metadata: {
          ...metadata,
          labels: { ...metadata.labels, ...overflow.labels },
          annotations: { ...metadata.annotations, ...overflow.annotations },
        },
      };
      this.#view.gameServers.observe(await this.#view.store.replace(GAME_SERVERS, marked, signal));
    }
  }

  async #tellStatus(set: GameServerSet, signal: AbortSignal): Promise<void> {
    const current = this.#view.sets.get(keyOf(set)) ?? set;
    const status = setStatusOf(this.#view.gameServers.ownedBy(set.metadata.uid));
    if (sameJson(status, current.status)) return;
    this.#view.sets.observe(await this.#view.store.replaceStatus(GAME_SERVER_SETS, { ...current, status }, signal));
  }
}

const countedAs = (gameServer: GameServer): string =>
  JSON.stringify([stateOf(gameServer), gameServer.status?.counters, gameServer.status?.lists]);

const has = (texts: Texts | undefined, wanted: Texts | undefined): boolean =>
  Object.entries(wanted ?? {}).every(([name, value]) => texts?.[name] === value);

function newGameServer(set: GameServerSet): unknown {
  const { template, scheduling } = set.spec;
  const fleet = set.metadata.labels?.[FLEET_LABEL];
  return {
    apiVersion: AGONES_API_VERSION,
    kind: 'GameServer',
    metadata: {
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace,
      labels: {
        ...template.metadata?.labels,
        [GAME_SERVER_SET_LABEL]: set.metadata.name,
        ...(fleet === undefined ? {} : { [FLEET_LABEL]: fleet }),
      },
      ...(template.metadata?.annotations === undefined ? {} : { annotations: template.metadata.annotations }),
      ownerReferences: [ownedBy(set)],
    },
    spec: { ...template.spec, scheduling: scheduling ?? 'Packed' },
  };
}
