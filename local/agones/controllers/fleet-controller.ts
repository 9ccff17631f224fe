/** Gives each fleet its sets: one with the current template, older ones until their servers are gone. */
import type { Fleet, GameServerSet } from '../resources/fleet.ts';
import { AGONES_API_VERSION, FLEET_LABEL, stateOf, type GameServer } from '../resources/game-server.ts';
import { controllerOf, keyOf, ownedBy } from '../resources/object-meta.ts';
import { FLEETS, GAME_SERVER_SETS } from '../resources/resource.ts';
import type { ClusterView } from './cluster-view.ts';
import type { EventRecorder } from './event-recorder.ts';
import { fleetStatusOf } from './fleet-counts.ts';
import { rolloutOf } from './fleet-rollout.ts';
import { sameJson } from './same-json.ts';
import { WorkQueue } from './work-queue.ts';

const WIDTH = 8;

export class FleetController {
  readonly #view: ClusterView;
  readonly #queue: WorkQueue;
  readonly #events: EventRecorder;
  /** Allocations seen since the last write of a fleet's status, by fleet. */
  readonly #allocated = new Map<string, number>();
  readonly #createdSets = new Map<string, GameServerSet>();

  constructor(view: ClusterView, signal: AbortSignal) {
    this.#view = view;
    this.#events = view.recorder('fleet-controller');
    this.#queue = new WorkQueue('fleets', WIDTH, (key, until) => this.#sync(key, until), view.log, signal);
    view.fleets.onChange((_before, after) => after !== undefined && this.#queue.add(keyOf(after)));
    view.sets.onChange((before, after) => {
      const set = after ?? before;
      const owner = set === undefined ? undefined : controllerOf(set);
      if (set === undefined || owner?.kind !== 'Fleet') return;
      if (after !== undefined) this.#createdSets.delete(after.metadata.uid);
      this.#queue.add(`${set.metadata.namespace}/${owner.name}`);
    });
    view.gameServers.onChange((before, after) => this.#countAllocation(before, after));
  }

  drained(): Promise<void> {
    return this.#queue.drained();
  }

  #countAllocation(before: GameServer | undefined, after: GameServer | undefined): void {
    if (before === undefined || after === undefined) return;
    if (stateOf(before) === 'Allocated' || stateOf(after) !== 'Allocated') return;
    const fleet = after.metadata.labels?.[FLEET_LABEL];
    if (fleet === undefined) return;
    const key = `${after.metadata.namespace}/${fleet}`;
    this.#allocated.set(key, (this.#allocated.get(key) ?? 0) + 1);
  }

  async #sync(key: string, signal: AbortSignal): Promise<void> {
    const fleet = this.#view.fleets.get(key);
    if (fleet === undefined || fleet.metadata.deletionTimestamp !== undefined) return;
    const sets = this.#setsOf(fleet);
    const active = sets.find((set) => sameJson(set.spec.template, fleet.spec.template));
    const others = sets.filter((set) => set !== active);
    const rollout = rolloutOf(fleet, active, others);
    for (const { set, replicas } of rollout.others) await this.#scale(fleet, set, replicas, 'inactive', signal);
    await this.#deleteEmpty(fleet, others, signal);
    if (active === undefined) await this.#create(fleet, rollout.active, signal);
    else await this.#renew(fleet, active, rollout.active, signal);
    await this.#tellStatus(fleet, signal);
  }

  #setsOf(fleet: Fleet): GameServerSet[] {
    const known = this.#view.sets.ownedBy(fleet.metadata.uid);
    const created = [...this.#createdSets.values()].filter((set) => controllerOf(set)?.uid === fleet.metadata.uid);
    return [...known, ...created];
  }

  async #create(fleet: Fleet, replicas: number, signal: AbortSignal): Promise<void> {
    const { namespace, name } = fleet.metadata;
    const set = await this.#view.store.create(GAME_SERVER_SETS, namespace, newSet(fleet, replicas), signal);
    if (this.#view.sets.get(keyOf(set)) === undefined) this.#createdSets.set(set.metadata.uid, set);
    const message = `Created GameServerSet ${set.metadata.name}`;
    this.#events.tell(fleet, { type: 'Normal', reason: 'CreatingGameServerSet', message });
    this.#view.log.info('a fleet has a new set', { fleet: name, set: set.metadata.name, replicas });
  }

  async #scale(fleet: Fleet, set: GameServerSet, replicas: number, which: string, signal: AbortSignal): Promise<void> {
    const scaled = { ...set, spec: { ...set.spec, replicas } };
    this.#view.sets.observe(await this.#view.store.replace(GAME_SERVER_SETS, scaled, signal));
    const message = `Scaling ${which} GameServerSet ${set.metadata.name} from ${set.spec.replicas ?? 0} to ${replicas}`;
    this.#events.tell(fleet, { type: 'Normal', reason: 'ScalingGameServerSet', message });
  }

  /** Brings number, scheduling, priorities and overflow of the active set to those of the fleet. */
  async #renew(fleet: Fleet, active: GameServerSet, replicas: number, signal: AbortSignal): Promise<void> {
    const spec = { ...newSpec(fleet, replicas), template: active.spec.template };
    if (sameJson(spec, { ...active.spec, replicas: active.spec.replicas ?? 0 })) return;
    if ((active.spec.replicas ?? 0) !== replicas && this.#createdSets.has(active.metadata.uid)) return;
    this.#view.sets.observe(await this.#view.store.replace(GAME_SERVER_SETS, { ...active, spec }, signal));
    if ((active.spec.replicas ?? 0) === replicas) return;
    const message = `Scaling active GameServerSet ${active.metadata.name} from ${active.spec.replicas ?? 0} to ${replicas}`;
    this.#events.tell(fleet, { type: 'Normal', reason: 'ScalingGameServerSet', message });
  }

  async #deleteEmpty(fleet: Fleet, others: readonly GameServerSet[], signal: AbortSignal): Promise<void> {
    for (const set of others) {
      const isEmpty = (set.spec.replicas ?? 0) === 0 && set.status !== undefined && set.status.replicas === 0;
      if (!isEmpty || set.status.shutdownReplicas > 0) continue;
      await this.#view.store.delete(GAME_SERVER_SETS, set, { uid: set.metadata.uid }, signal);
      const message = `Deleting inactive GameServerSet ${set.metadata.name}`;
      this.#events.tell(fleet, { type: 'Normal', reason: 'DeletingGameServerSet', message });
    }
  }

  async #tellStatus(fleet: Fleet, signal: AbortSignal): Promise<void> {
    const key = keyOf(fleet);
    const current = this.#view.fleets.get(key) ?? fleet;
    const fresh = this.#allocated.get(key) ?? 0;
    const status = fleetStatusOf(this.#setsOf(fleet), (current.status?.allocations ?? 0) + fresh);
    if (sameJson(status, current.status)) return;
    const written = await this.#view.store.replaceStatus(FLEETS, { ...current, status }, signal);
    this.#allocated.set(key, (this.#allocated.get(key) ?? 0) - fresh);
    this.#view.fleets.observe(written);
  }
}

const newSpec = (fleet: Fleet, replicas: number): GameServerSet['spec'] => ({
  replicas,
  scheduling: fleet.spec.scheduling ?? 'Packed',
  ...(fleet.spec.priorities === undefined ? {} : { priorities: fleet.spec.priorities }),
  ...(fleet.spec.allocationOverflow === undefined ? {} : { allocationOverflow: fleet.spec.allocationOverflow }),
  template: fleet.spec.template,
});

const newSet = (fleet: Fleet, replicas: number): unknown => ({
  apiVersion: AGONES_API_VERSION,
  kind: 'GameServerSet',
  metadata: {
    generateName: `${fleet.metadata.name}-`,
    namespace: fleet.metadata.namespace,
    labels: { [FLEET_LABEL]: fleet.metadata.name },
    ownerReferences: [ownedBy(fleet)],
  },
  spec: newSpec(fleet, replicas),
});
