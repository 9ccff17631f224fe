/**
 * The game servers of one cluster, kept by a list and the watch that follows it, with what we ourselves just did to them.
 *
 * The view may lag. It decides where to ask, never what is true: the cluster's answer and a live look do.
 */
import { gameServerOf, isAlive, type GameServer } from './game-server.ts';

export type CensusChange = (before: GameServer | undefined, after: GameServer | undefined) => void;

/** After "nothing there" the fleet counts as empty until its next Ready server, or this long. */
const NONE_MS = 1_000;
const TAKEN_MS = 10_000;

export class Census {
  readonly #servers = new Map<string, GameServer>();
  /** Servers that we know to be taken before the watch tells. Name → until when we go by it, should the watch never tell. */
  readonly #taken = new Map<string, number>();
  /** Fleet → servers set aside for questions that are under way. */
  readonly #asking = new Map<string, number>();
  readonly #noneUntil = new Map<string, number>();
  readonly #listeners: CensusChange[] = [];
  readonly #now: () => number;
  synced = false;

  constructor(now: () => number) {
    this.#now = now;
  }

  onChange(listener: CensusChange): void {
    this.#listeners.push(listener);
  }

  get(name: string): GameServer | undefined {
    return this.#servers.get(name);
  }

  values(): IterableIterator<GameServer> {
    return this.#servers.values();
  }

  hasFleet(fleet: string): boolean {
    return this.#servers.values().some((server) => server.fleet === fleet);
  }

  /** Ready servers that an ask could win now. */
  ready(fleet: string, build: string): number {
    if ((this.#noneUntil.get(fleet) ?? 0) > this.#now()) return 0;
    const free = this.#servers
      .values()
      .filter(
        (server) =>
          server.fleet === fleet &&
          server.build === build &&
          server.state === 'Ready' &&
          !server.deleting &&
          (this.#taken.get(server.name) ?? 0) <= this.#now(),
      )
      .toArray().length;
    return Math.max(0, free - (this.#asking.get(fleet) ?? 0));
  }

  /**
   * Sets one Ready server of the fleet aside for a question that is about to be asked; call the answer, once or more,
   * when the question has ended. Between choosing and setting aside there must be no await.
   */
  setAside(fleet: string): () => void {
    this.#asking.set(fleet, (this.#asking.get(fleet) ?? 0) + 1);
    let held = true;
    return () => {
      if (held) this.#asking.set(fleet, (this.#asking.get(fleet) ?? 1) - 1);
      held = false;
    };
  }

  noteTaken(name: string): void {
    this.#taken.set(name, this.#now() + TAKEN_MS);
  }

  noteNone(fleet: string): void {
    this.#noneUntil.set(fleet, this.#now() + NONE_MS);
  }

  /** A full list: what is not in it is gone. */
  replaceAll(objects: readonly unknown[]): void {
    const listed = objects.map(gameServerOf);
    const names = new Set(listed.map((server) => server.name));
    for (const server of this.#servers.values().toArray()) if (!names.has(server.name)) this.#remove(server.name);
    for (const server of listed) this.#put(server);
    this.synced = true;
  }

  put(object: unknown): void {
    this.#put(gameServerOf(object));
  }

  remove(object: unknown): void {
    this.#remove(gameServerOf(object).name);
  }

  #put(server: GameServer): void {
    const before = this.#servers.get(server.name);
    if (server.state !== 'Ready') this.#taken.delete(server.name);
    this.#servers.set(server.name, server);
    if (server.state === 'Ready' && before?.state !== 'Ready') this.#noneUntil.delete(server.fleet);
    this.#tell(before, server);
  }

  #remove(name: string): void {
    const before = this.#servers.get(name);
    this.#servers.delete(name);
    this.#taken.delete(name);
    this.#tell(before, undefined);
  }

  #tell(before: GameServer | undefined, after: GameServer | undefined): void {
    for (const listener of this.#listeners) listener(before, after);
  }
}

/** Counts for the operator's view. */
export function fleetsOf(census: Census): { name: string; ready: number; allocated: number; total: number }[] {
  const fleets = new Map<string, { name: string; ready: number; allocated: number; total: number }>();
  for (const server of census.values()) {
    const fleet = fleets.get(server.fleet) ?? { name: server.fleet, ready: 0, allocated: 0, total: 0 };
    fleets.set(server.fleet, {
      name: fleet.name,
      ready: fleet.ready + (server.state === 'Ready' ? 1 : 0),
      allocated: fleet.allocated + (server.state === 'Allocated' ? 1 : 0),
      total: fleet.total + (isAlive(server) ? 1 : 0),
    });
  }
  return [...fleets.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
