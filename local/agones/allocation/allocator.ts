/**
 * Takes game servers for allocations, in batches.
 *
 *     requests ──▶ wait for the batch ──▶ one match at a time ──▶ writes side by side ──▶ answers
 *
 * Like the real one it matches on a cache that may lag, and takes what it matched out of the cache until the write is
 * answered: requests of one batch that name each other by label do not see each other.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import type { ClusterView } from '../controllers/cluster-view.ts';
import type { EventRecorder } from '../controllers/event-recorder.ts';
import { isConflict } from '../kube/kube-client.ts';
import { stateOf, type GameServer, type Scheduling } from '../resources/game-server.ts';
import { keyOf } from '../resources/object-meta.ts';
import { GAME_SERVERS } from '../resources/resource.ts';
import { allocatedStatus, UNALLOCATED, type AllocationPriority, type AllocationSpec, type AllocationStatus } from './allocation.ts';
import { withAllocation } from './apply-allocation.ts';
import { findGameServer, inOrder } from './find-game-server.ts';

export interface AllocatorOptions {
  /** How long the matching rests once nothing is waiting. */
  readonly batchWaitMs: number;
  readonly random: () => number;
}

interface Waiting {
  readonly namespace: string;
  readonly spec: AllocationSpec;
  readonly settle: (gameServer: GameServer | undefined) => void;
}

/** How often an allocation is matched again after its write was refused. */
const ATTEMPTS = 5;
const RETRY_MS = 10;

export class Allocator {
  readonly #view: ClusterView;
  readonly #options: AllocatorOptions;
  readonly #events: EventRecorder;
  readonly #waiting: Waiting[] = [];
  /** Matched, and not written yet. */
  readonly #taken = new Set<string>();
  readonly #startedAt: number;
  #isScheduled = false;

  constructor(view: ClusterView, options: AllocatorOptions) {
    this.#view = view;
    this.#options = options;
    this.#events = view.recorder('GameServerAllocation-Allocator');
    this.#startedAt = performance.now();
  }

  /** Throws when the API server refused every try: the caller cannot know what became of it. */
  async allocate(namespace: string, spec: AllocationSpec, signal: AbortSignal): Promise<AllocationStatus> {
    for (let attempt = 1; ; attempt += 1) {
      const matched = await this.#match(namespace, spec);
      if (matched === undefined) return UNALLOCATED;
      try {
        return allocatedStatus(await this.#take(matched, spec, signal));
      } catch (error) {
        if (attempt >= ATTEMPTS || !isConflict(error)) throw error;
        await sleep(RETRY_MS, undefined, { signal });
      }
    }
  }

  #match(namespace: string, spec: AllocationSpec): Promise<GameServer | undefined> {
    return new Promise((settle) => {
      this.#waiting.push({ namespace, spec, settle });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      setTimeout(() => this.#matchAll(), this.#untilNextTick());
    });
  }

  /** The real loop sleeps the batch wait whenever it is idle; waking at its ticks gives the same times without a timer. */
  #untilNextTick(): number {
    const { batchWaitMs } = this.#options;
    if (batchWaitMs <= 0) return 0;
    return batchWaitMs - ((performance.now() - this.#startedAt) % batchWaitMs);
  }

  #matchAll(): void {
    this.#isScheduled = false;
    let candidates: GameServer[] = [];
    let order = '';
    for (const waiting of this.#waiting.splice(0)) {
      const { scheduling = 'Packed', priorities = [], selectors = [] } = waiting.spec;
      const wanted = JSON.stringify([scheduling, priorities]);
      if (order !== wanted) candidates = this.#candidates(scheduling, priorities);
      order = wanted;
      const place = findGameServer(candidates, waiting.namespace, selectors);
      const [found] = place === undefined ? [] : candidates.splice(place, 1);
      if (found !== undefined) this.#taken.add(keyOf(found));
      waiting.settle(found);
    }
  }

  #candidates(scheduling: Scheduling, priorities: readonly AllocationPriority[]): GameServer[] {
    const open = [...this.#view.gameServers.values()].filter((gameServer) => {
      const state = stateOf(gameServer);
      return (state === 'Ready' || state === 'Allocated') && !this.#taken.has(keyOf(gameServer));
    });
    return inOrder(open, scheduling, priorities, (items) => this.#shuffled(items));
  }

  async #take(matched: GameServer, spec: AllocationSpec, signal: AbortSignal): Promise<GameServer> {
    try {
      const allocated = withAllocation(matched, spec, this.#view.now());
      const written = await this.#view.store.replace(GAME_SERVERS, allocated, signal);
      this.#view.gameServers.observe(written);
      this.#events.tell(written, { type: 'Normal', reason: 'Allocated', message: 'Allocated' });
      return written;
    } finally {
      this.#taken.delete(keyOf(matched));
    }
  }

  #shuffled<Item>(items: readonly Item[]): Item[] {
    return items
      .map((item) => ({ item, place: this.#options.random() }))
      .toSorted((one, other) => one.place - other.place)
      .map(({ item }) => item);
  }
}
