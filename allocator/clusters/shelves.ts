/**
 * The Ready servers of one cluster, counted by kind. A server's kind is what requests have told servers apart by so far:
 * fleet and build, and the labels, counters and lists that any selector has named. So there are few kinds, however many
 * servers there are and however different they are in what nobody asks about.
 */
import { GAME_SERVER_MARKS } from '../../contracts/allocator.ts';
import { FLEET_LABEL, rankOf, type Kind, type Names, type Pool } from '../placement/pool.ts';
import type { GameServer } from './game-server.ts';

export interface Shelf {
  readonly kind: Kind;
  free: number;
  /** Set aside for questions that are under way. */
  asking: number;
  /** The cluster has said that there is none: it counts as empty until then. Milliseconds since the epoch. */
  noneUntil: number;
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
  #labels = new Set<string>();
  #counters = new Set<string>();
  #lists = new Set<string>();

  /** True when these pools tell servers apart by something new: every server has to be put on its shelf anew. */
  learn(pools: readonly Pool[]): boolean {
    const isKnown = pools.every(
      ({ names }) =>
        names.labels.every((name) => this.#labels.has(name)) &&
        names.counters.every((name) => this.#counters.has(name)) &&
        names.lists.every((name) => this.#lists.has(name)),
    );
    if (isKnown) return false;
    const kept = this.#labels.size + this.#counters.size + this.#lists.size < MOST_NAMES;
    const all = (of: keyof Names, known: ReadonlySet<string>) =>
      new Set([...(kept ? known : []), ...pools.flatMap(({ names }) => names[of])]);
    this.#labels = all('labels', this.#labels);
    this.#counters = all('counters', this.#counters);
    this.#lists = all('lists', this.#lists);
    this.#shelves.clear();
    this.#answers.clear();
    return true;
  }

  /** The shelf of a server, made where there is none yet. */
  of(server: GameServer): Shelf {
    const key = this.#keyOf(server);
    const known = this.#shelves.get(key);
    if (known !== undefined) return known;
    if (this.#shelves.size >= MOST_SHELVES) this.#clearAway();
    const shelf: Shelf = { kind: this.#kindOf(server), free: 0, asking: 0, noneUntil: 0 };
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

  #clearAway(): void {
    for (const [key, { free, asking }] of this.#shelves) if (free <= 0 && asking <= 0) this.#shelves.delete(key);
  }

  #keyOf({ fleet, build, labels, counters, lists }: GameServer): string {
    if (this.#labels.size + this.#counters.size + this.#lists.size === 0) return `${build}/${fleet}`;
    const told = [
      [...this.#labels].map((name) => labels[name] ?? null),
      [...this.#counters].map((name) => [counters[name]?.count, counters[name]?.capacity]),
      [...this.#lists].map((name) => [lists[name]?.values, lists[name]?.capacity]),
    ];
    return `${build}/${fleet} ${JSON.stringify(told)}`;
  }

  #kindOf({ fleet, build, labels, counters, lists }: GameServer): Kind {
    return {
      fleet,
      build,
      labels: { ...picked(labels, this.#labels), [FLEET_LABEL]: fleet, [GAME_SERVER_MARKS.build]: build },
      counters: picked(counters, this.#counters),
      lists: picked(lists, this.#lists),
    };
  }
}

export function availableOn({ free, asking, noneUntil }: Shelf, now: number): number {
  return noneUntil > now ? 0 : Math.max(0, free - asking);
}

function picked<V>(from: Readonly<Record<string, V>>, names: ReadonlySet<string>): Record<string, V> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.has(name)));
}
