/**
 * The game servers of one cluster, kept by a list and the watch that follows it, with what we ourselves just did to them.
 *
 * The view may lag. It decides where to ask, never what is true: the cluster's answer and a live look do. What is asked of it
 * for every decision is counted with each change, so that no answer costs more when there are more servers.
 */
import type { Stock } from '../placement/candidate.ts';
import { rankOf, type Kind, type Pool } from '../placement/pool.ts';
import { gameServerOf, isAlive, isFree, type GameServer } from './game-server.ts';
import { Kinds } from './kinds.ts';
import { availableOn, Shelves, type Shelf } from './shelves.ts';

export type CensusChange = (before: GameServer | undefined, after: GameServer | undefined) => void;
/** There is a server of this kind to be had that was not there before. */
export type CensusFreed = (kind: Kind) => void;

/** After "nothing there" these kinds count as empty until their next Ready server, or this long. */
const NONE_MS = 1_000;
const TAKEN_MS = 10_000;

interface FleetCounts {
  ready: number;
  allocated: number;
  total: number;
  /** In whatever state. */
  all: number;
}

interface Aside {
  readonly pool: Pool;
  shelf: Shelf;
}

export class Census {
  readonly #servers = new Map<string, GameServer>();
  readonly #fleets = new Map<string, FleetCounts>();
  readonly #shelves: Shelves;
  /** Name → where it stands, while it is free. */
  readonly #standing = new Map<string, Shelf>();
  /** Servers that we know to be taken before the watch tells. Name → until when we go by it, should the watch never tell. */
  readonly #taken = new Map<string, number>();
  /** uid of an allocation → what is set aside for it. */
  readonly #asides = new Map<string, Aside>();
  /** uid of an allocation → servers that carry it: more than one, where an earlier attempt's is still there. */
  readonly #carriers = new Map<string, number>();
  readonly #listeners: CensusChange[] = [];
  readonly #freedListeners: CensusFreed[] = [];
  readonly #now: () => number;
  synced = false;

  /** @param kinds shared by all censuses that are weighed against each other */
  constructor(now: () => number, kinds = new Kinds()) {
    this.#now = now;
    this.#shelves = new Shelves(kinds);
  }

  onChange(listener: CensusChange): void {
    this.#listeners.push(listener);
  }

  /** A server became Ready, or one that was set aside was not taken. */
  onFreed(listener: CensusFreed): void {
    this.#freedListeners.push(listener);
  }

  get(name: string): GameServer | undefined {
    return this.#servers.get(name);
  }

  values(): IterableIterator<GameServer> {
    return this.#servers.values();
  }

  hasFleet(fleet: string): boolean {
    return this.#fleets.has(fleet);
  }

  /** Counts for the operator's view. */
  fleets(): { name: string; ready: number; allocated: number; total: number }[] {
    return [...this.#fleets]
      .map(([name, { ready, allocated, total }]) => ({ name, ready, allocated, total }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Whether a server carries this allocation, as far as the watch has told. */
  carries(allocationUid: string): boolean {
    return this.#carriers.has(allocationUid);
  }

  /**
   * Makes this census tell servers apart as these pools do. Costs a look at every free server when a pool names a label, a
   * counter or a list that nobody has named before, and nothing otherwise; `stock` does it by itself.
   */
  learn(pools: readonly Pool[]): void {
    if (!this.#shelves.learn(pools)) return;
    const names = [...this.#standing.keys()];
    this.#standing.clear();
    for (const name of names) {
      const server = this.#servers.get(name);
      if (server !== undefined) this.#stand(server);
    }
    for (const aside of this.#asides.values()) {
      aside.shelf = this.#bestFor(aside.pool) ?? aside.shelf;
      aside.shelf.asking += 1;
    }
  }

  /** Ready servers that an ask for the pool could win now, by kind. Found out once, and told until something changes. */
  stock(pool: Pool): readonly Stock[] {
    this.#expire();
    const told = this.#shelves.told(pool, this.#now);
    if (told !== undefined) return told;
    this.learn([pool]);
    return this.#shelves.tell(pool, this.#now());
  }

  /** Whether an ask for the pool could win anything now. */
  hasFree(pool: Pool): boolean {
    return this.stock(pool).length > 0;
  }

  /**
   * Sets one Ready server aside for a question that is about to be asked for an allocation; call the answer, once or more,
   * when the question has ended. Between choosing and setting aside there must be no await.
   */
  setAside(uid: string, pool: Pool): () => void {
    this.learn([pool]);
    this.#giveBack(uid);
    const shelf = this.#bestFor(pool);
    if (shelf === undefined) return () => {};
    const aside = { pool, shelf };
    this.#shelves.changed();
    shelf.asking += 1;
    this.#asides.set(uid, aside);
    return () => {
      if (this.#asides.get(uid) === aside) this.#giveBack(uid);
    };
  }

  /** Whether a server is set aside for this allocation. */
  holds(uid: string): boolean {
    return this.#asides.has(uid);
  }

  /** The allocations that a server is set aside for, put to those of other censuses. */
  addHeld(to: Set<string>): void {
    if (this.#asides.size > 0) for (const uid of this.#asides.keys()) to.add(uid);
  }

  /** The cluster has given this server to an allocation. */
  noteTaken(name: string, uid: string): void {
    this.#expire();
    this.#taken.set(name, this.#now() + TAKEN_MS);
    this.#consume(uid, this.#leave(name));
  }

  /** The cluster has said that it has none. */
  noteNone(pool: Pool): void {
    this.#shelves.changed();
    for (const shelf of this.#shelves.for(pool)) shelf.noneUntil = this.#now() + NONE_MS;
  }

  /** A full list: what is not in it is gone. */
  replaceAll(objects: readonly unknown[]): void {
    this.replaceWith(objects.map(gameServerOf));
  }

  replaceWith(listed: readonly GameServer[]): void {
    const names = new Set(listed.map((server) => server.name));
    for (const server of this.#servers.values().toArray()) if (!names.has(server.name)) this.#remove(server.name);
    for (const server of listed) this.#put(server);
    this.synced = true;
    // Whoever looked while the cluster was away has passed it over.
    for (const shelf of this.#shelves.all()) this.#tellFreed(shelf);
  }

  put(object: unknown): void {
    this.#put(gameServerOf(object));
  }

  remove(object: unknown): void {
    this.#remove(gameServerOf(object).name);
  }

  #put(server: GameServer): void {
    const before = this.#servers.get(server.name);
    const stood = this.#leave(server.name);
    if (before !== undefined) this.#count(before, -1);
    if (server.state !== 'Ready') this.#taken.delete(server.name);
    this.#servers.set(server.name, server);
    this.#count(server, 1);
    const shelf = isFree(server) && !this.#taken.has(server.name) ? this.#stand(server) : undefined;
    // By the watch we may know that our ask was answered before its answer comes.
    if (server.state === 'Allocated' && server.allocationUid !== undefined) this.#consume(server.allocationUid, stood);
    this.#tell(before, server);
    if (shelf === undefined || shelf === stood) return;
    shelf.noneUntil = 0;
    this.#shelves.changed();
    this.#tellFreed(shelf);
  }

  #remove(name: string): void {
    const before = this.#servers.get(name);
    if (before === undefined) return;
    this.#leave(name);
    this.#count(before, -1);
    this.#servers.delete(name);
    this.#taken.delete(name);
    this.#tell(before, undefined);
  }

  #stand(server: GameServer): Shelf {
    const shelf = this.#shelves.of(server);
    shelf.free += 1;
    this.#shelves.changed();
    this.#standing.set(server.name, shelf);
    return shelf;
  }

  #leave(name: string): Shelf | undefined {
    const shelf = this.#standing.get(name);
    if (shelf === undefined) return undefined;
    shelf.free -= 1;
    this.#shelves.changed();
    this.#standing.delete(name);
    return shelf;
  }

  #count(server: GameServer, by: 1 | -1): void {
    const { fleet, allocationUid } = server;
    const counts = this.#fleets.get(fleet) ?? { ready: 0, allocated: 0, total: 0, all: 0 };
    counts.all += by;
    if (server.state === 'Ready') counts.ready += by;
    if (server.state === 'Allocated') counts.allocated += by;
    if (isAlive(server)) counts.total += by;
    if (counts.all > 0) this.#fleets.set(fleet, counts);
    else this.#fleets.delete(fleet);
    if (allocationUid === undefined) return;
    const carriers = (this.#carriers.get(allocationUid) ?? 0) + by;
    if (carriers > 0) this.#carriers.set(allocationUid, carriers);
    else this.#carriers.delete(allocationUid);
  }

  /** As the cluster itself would choose: of what the first selector meets, then the next. */
  #bestFor(pool: Pool): Shelf | undefined {
    const now = this.#now();
    let best: Shelf | undefined;
    let bestRank = Number.POSITIVE_INFINITY;
    for (const shelf of this.#shelves.for(pool)) {
      const rank = rankOf(pool, shelf.kind);
      if (rank < bestRank && availableOn(shelf, now) > 0) [best, bestRank] = [shelf, rank];
    }
    return best;
  }

  #giveBack(uid: string): void {
    this.#consume(uid, undefined);
  }

  /** What was set aside is no longer so. @param from where the server stood that the allocation got instead, if it got one */
  #consume(uid: string, from: Shelf | undefined): void {
    const aside = this.#asides.get(uid);
    if (aside === undefined) return;
    this.#asides.delete(uid);
    aside.shelf.asking -= 1;
    this.#shelves.changed();
    if (aside.shelf !== from) this.#tellFreed(aside.shelf);
  }

  /** Servers that were said to be taken, and still are Ready: they are free again. */
  #expire(): void {
    if (this.#taken.size === 0) return;
    const now = this.#now();
    for (const [name, until] of this.#taken) {
      if (until > now) break;
      this.#taken.delete(name);
      const server = this.#servers.get(name);
      if (server !== undefined && isFree(server)) this.#tellFreed(this.#stand(server));
    }
  }

  #tell(before: GameServer | undefined, after: GameServer | undefined): void {
    for (const listener of this.#listeners) listener(before, after);
  }

  #tellFreed(shelf: Shelf): void {
    if (availableOn(shelf, this.#now()) > 0) for (const listener of this.#freedListeners) listener(shelf.kind);
  }
}
