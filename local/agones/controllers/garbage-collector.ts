/**
 * Takes away what has lost its owner. A cluster of the local stack runs no kube-controller-manager; this does its part for
 * the chain Fleet → GameServerSet → GameServer → Pod, with background and foreground propagation.
 */
import type { WatchCache } from '../kube/watch-cache.ts';
import { controllerOf, keyOf, splitKey, type KubeObject } from '../resources/object-meta.ts';
import { FLEETS, GAME_SERVERS, GAME_SERVER_SETS, PODS, type Resource } from '../resources/resource.ts';
import type { ClusterView } from './cluster-view.ts';
import { WorkQueue } from './work-queue.ts';

const WIDTH = 32;
const FOREGROUND = 'foregroundDeletion';

interface Link<Owner extends KubeObject, Owned extends KubeObject> {
  readonly owners: WatchCache<Owner>;
  readonly ownerKind: Resource<Owner>;
  readonly owned: WatchCache<Owned>;
  readonly ownedKind: Resource<Owned>;
}

export class GarbageCollector {
  readonly #view: ClusterView;
  readonly #queues: WorkQueue[] = [];

  constructor(view: ClusterView, signal: AbortSignal) {
    this.#view = view;
    const { fleets, sets, gameServers, pods } = view;
    this.#watch({ owners: fleets, ownerKind: FLEETS, owned: sets, ownedKind: GAME_SERVER_SETS }, signal);
    this.#watch({ owners: sets, ownerKind: GAME_SERVER_SETS, owned: gameServers, ownedKind: GAME_SERVERS }, signal);
    this.#watch({ owners: gameServers, ownerKind: GAME_SERVERS, owned: pods, ownedKind: PODS }, signal);
  }

  async drained(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.drained()));
  }

  #watch<Owner extends KubeObject, Owned extends KubeObject>(link: Link<Owner, Owned>, signal: AbortSignal): void {
    const { log } = this.#view;
    const orphans = new WorkQueue('orphans', WIDTH, (key, until) => this.#collect(link, key, until), log, signal);
    const held = new WorkQueue('held-owners', WIDTH, (key, until) => this.#releaseOwner(link, key, until), log, signal);
    this.#queues.push(orphans, held);
    link.owners.onChange((before, after) => {
      if (after === undefined && before !== undefined) {
        for (const object of link.owned.ownedBy(before.metadata.uid)) orphans.add(keyOf(object));
      } else if (after !== undefined && isHeld(after)) held.add(keyOf(after));
    });
    link.owned.onChange((before, after) => {
      const object = after ?? before;
      const owner = object === undefined ? undefined : controllerOf(object);
      if (object === undefined || owner?.kind !== link.ownerKind.kind) return;
      if (after === undefined) held.add(`${object.metadata.namespace}/${owner.name}`);
      // Made by a writer whose owner went meanwhile, or left behind while the stand-in was away.
      else if (before === undefined) orphans.add(keyOf(after));
    });
  }

  async #collect<Owner extends KubeObject, Owned extends KubeObject>(
    link: Link<Owner, Owned>,
    key: string,
    signal: AbortSignal,
  ): Promise<void> {
    const object = link.owned.get(key);
    const reference = object === undefined ? undefined : controllerOf(object);
    if (object === undefined || reference === undefined || object.metadata.deletionTimestamp !== undefined) return;
    const { namespace } = splitKey(key);
    const known = link.owners.get(`${namespace}/${reference.name}`);
    if (known?.metadata.uid === reference.uid) return;
    // The cache may lag: only the API server knows that an owner is gone.
    const owner = await this.#view.store.get(link.ownerKind, namespace, reference.name, signal);
    if (owner?.metadata.uid === reference.uid) return;
    await this.#view.store.delete(link.ownedKind, object, { uid: object.metadata.uid, propagationPolicy: 'Background' }, signal);
  }

  /** Foreground deletion: what is owned goes first, then the finalizer that holds the owner. */
  async #releaseOwner<Owner extends KubeObject, Owned extends KubeObject>(
    link: Link<Owner, Owned>,
    key: string,
    signal: AbortSignal,
  ): Promise<void> {
    const owner = link.owners.get(key);
    if (owner === undefined || !isHeld(owner)) return;
    const owned = link.owned.ownedBy(owner.metadata.uid);
    const standing = owned.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    for (let from = 0; from < standing.length; from += WIDTH) {
      await Promise.all(
        standing.slice(from, from + WIDTH).map((object) => {
          const options = { uid: object.metadata.uid, propagationPolicy: 'Foreground' } as const;
          return this.#view.store.delete(link.ownedKind, object, options, signal);
        }),
      );
    }
    if (owned.length > 0) return;
    const finalizers = (owner.metadata.finalizers ?? []).filter((finalizer) => finalizer !== FOREGROUND);
    await this.#view.store.replace(link.ownerKind, { ...owner, metadata: { ...owner.metadata, finalizers } }, signal);
  }
}

const isHeld = (object: KubeObject): boolean =>
  object.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).includes(FOREGROUND);
