/**
 * The Ready servers of one cluster, counted by kind. A server's kind is what requests have told servers apart by so far:
 * fleet and build, and the labels, counters and lists that any selector has named. So there are few kinds, however many
 * servers there are and however different they are in what nobody asks about.
 */
import { GAME_SERVER_MARKS } from '../../contracts/allocator.ts';
import type { Stock } from '../placement/candidate.ts';
import { FLEET_LABEL, rankOf, type Kind, type Names, type Pool } from '../placement/pool.ts';
import { agonesFleetOf, type GameServer } from './game-server.ts';
import type { Kinds } from './kinds.ts';

export interface Shelf {
  readonly kind: Kind;
  free: number;
  /** Set aside for questions that are under way. */
  asking: number;
  /** The cluster has said that there is none: it counts as empty until then. Milliseconds since the epoch. */
  noneUntil: number;
}

/** What is to be had of a pool, until a shelf changes or one that counts as empty no longer does. */
interface Told {
  readonly stock: readonly Stock[];
  readonly version: number;
  /** Milliseconds since the epoch; undefined: by the clock alone it stays so. */
  readonly until: number | undefined;
}

/** More names than this are not kept: those who choose by others make the servers be sorted anew. */
const MOST_NAMES = 64;
/** Empty shelves are cleared away beyond this. */
const MOST_SHELVES = 256;
const MOST_ANSWERS = 256;

export class Shelves {
  readonly #shelves = new Map<string, Shelf>();
  /** Pool → its shelves, as long as no shelf comes or goes. */
  readonly #answers = new Map<string, readonly Shelf[]>();
  /** Pools by whose names servers are told apart. */
  readonly #learned = new Set<string>();
  readonly #told = new Map<string, Told>();
  readonly #kinds: Kinds;
  #version = 0;
  #labels = new Set<string>();
  #counters = new Set<string>();
  #lists = new Set<string>();
  /** What kinds of other clusters have to be told apart by as well, in order to be the same. */
  #names = '';

  constructor(kinds: Kinds) {
    this.#kinds = kinds;
  }

  /** True when these pools tell servers apart by something new: every server has to be put on its shelf anew. */
  learn(pools: readonly Pool[]): boolean {
    if (pools.every((pool) => this.hasLearned(pool))) return false;
    if (this.#learned.size + pools.length > MOST_ANSWERS) this.#learned.clear();
    const isNew = this.#learnNames(pools);
    if (isNew) {
      this.#learned.clear();
      this.changed();
    }
    for (const { key } of pools) this.#learned.add(key);
    return isNew;
  }

  /** Whether to learn it would be nothing new. */
  hasLearned({ key }: Pool): boolean {
    return this.#learned.has(key);
  }

  /** The shelf of a server, made where there is none yet. */
  of(server: GameServer): Shelf {
    const key = this.#keyOf(server);
    const known = this.#shelves.get(key);
    if (known !== undefined) return known;
    if (this.#shelves.size >= MOST_SHELVES) this.#clearAway();
    const kind = this.#kinds.of(`${key} ${this.#names}`, () => this.#kindOf(server));
    const shelf: Shelf = { kind, free: 0, asking: 0, noneUntil: 0 };
    this.#shelves.set(key, shelf);
    this.#answers.clear();
    return shelf;
  }

  /** Those whose servers will do. */
  for(pool: Pool): readonly Shelf[] {
    const known = this.#answers.get(pool.key);
    if (known !== undefined) return known;
    const answer = [...this.#shelves.values()].filter(({ kind }) => rankOf(pool, kind) >= 0);
    if (this.#answers.size >= MOST_ANSWERS) this.#answers.clear();
    this.#answers.set(pool.key, answer);
    return answer;
  }

  all(): Iterable<Shelf> {
    return this.#shelves.values();
  }

  /** To be called with every change of a shelf. */
  changed(): void {
    this.#version += 1;
  }

  /** What was told of a pool, while it holds. The clock is read only where it matters: a decision asks each of a thousand clusters. */
  told(pool: Pool, now: () => number): readonly Stock[] | undefined {
    const told = this.#told.get(pool.key);
    if (told?.version !== this.#version) return undefined;
    return told.until === undefined || now() < told.until ? told.stock : undefined;
  }

  tell(pool: Pool, now: number): readonly Stock[] {
    const found = stockOn(this.for(pool), now);
    if (this.#told.size >= MOST_ANSWERS) this.#told.clear();
    this.#told.set(pool.key, { ...found, version: this.#version });
    return found.stock;
  }

  #learnNames(pools: readonly Pool[]): boolean {
    const isKnown = pools.every(
      ({ names }) =>
        names.labels.every((name) => this.#labels.has(name)) &&
        names.counters.every((name) => this.#counters.has(name)) &&
        names.lists.every((name) => this.#lists.has(name)),
    );
    if (isKnown) return false;
    const kept = this.#labels.size + this.#counters.size + this.#lists.size < MOST_NAMES;
    const all = (of: keyof Names, known: ReadonlySet<string>) =>
      new Set([...(kept ? known : []), ...pools.flatMap(({ names }) => names[of])].toSorted());
    this.#labels = all('labels', this.#labels);
    this.#counters = all('counters', this.#counters);
    this.#lists = all('lists', this.#lists);
    this.#names = JSON.stringify([[...this.#labels], [...this.#counters], [...this.#lists]]);
    this.#shelves.clear();
    this.#answers.clear();
    return true;
  }

  #clearAway(): void {
    for (const [key, { free, asking }] of this.#shelves) if (free <= 0 && asking <= 0) this.#shelves.delete(key);
  }

  #keyOf({ fleet, build, labels, counters, lists }: GameServer): string {
    const agones = agonesFleetOf({ labels, fleet });
    const plain = agones === fleet ? `${build}/${fleet}` : `${build}/${fleet}/${agones}`;
    if (this.#labels.size + this.#counters.size + this.#lists.size === 0) return plain;
    const told = [
      [...this.#labels].map((name) => labels[name] ?? null),
      [...this.#counters].map((name) => [counters[name]?.count, counters[name]?.capacity]),
      [...this.#lists].map((name) => [lists[name]?.values, lists[name]?.capacity]),
    ];
    return `${plain} ${JSON.stringify(told)}`;
  }

  #kindOf({ fleet, build, labels, counters, lists }: GameServer): Kind {
    return {
      fleet,
      build,
      labels: { ...picked(labels, this.#labels), [FLEET_LABEL]: agonesFleetOf({ labels, fleet }), [GAME_SERVER_MARKS.build]: build },
      counters: picked(counters, this.#counters),
      lists: picked(lists, this.#lists),
    };
  }
}

export function availableOn({ free, asking, noneUntil }: Shelf, now: number): number {
  return noneUntil > now ? 0 : Math.max(0, free - asking);
}

function stockOn(shelves: readonly Shelf[], now: number): Pick<Told, 'stock' | 'until'> {
  const stock: Stock[] = [];
  let until: number | undefined;
  for (const shelf of shelves) {
    const ready = availableOn(shelf, now);
    if (ready > 0) stock.push({ kind: shelf.kind, ready });
    if (shelf.noneUntil > now) until = Math.min(until ?? shelf.noneUntil, shelf.noneUntil);
  }
  return { stock, until };
}

function picked<V>(from: Readonly<Record<string, V>>, names: ReadonlySet<string>): Record<string, V> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.has(name)));
}
