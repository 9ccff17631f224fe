/** The players' own book: what was promised to them as durable, held against what a world has after it was restored. Pure. */
import { missingMoves, type MoveRanges } from './game-messages.ts';

export class Ledger {
  /** World → player → numbers of the moves that were acknowledged as durable. */
  readonly #durable = new Map<string, Map<string, Set<number>>>();
  readonly #lost = new Set<string>();

  /** The player was told that this move is durable. */
  promised(world: string, player: string, move: number): void {
    let players = this.#durable.get(world);
    if (players === undefined) this.#durable.set(world, (players = new Map<string, Set<number>>()));
    let moves = players.get(player);
    if (moves === undefined) players.set(player, (moves = new Set()));
    moves.add(move);
  }

  /** What the restored world has of this player. @returns the promised moves that it lacks. */
  check(world: string, player: string, inWorld: MoveRanges): number[] {
    const missing = missingMoves(inWorld, this.#durable.get(world)?.get(player) ?? []);
    for (const move of missing) this.#lost.add(JSON.stringify([world, player, move]));
    return missing;
  }

  promisedIn(world: string): number {
    let count = 0;
    for (const moves of this.#durable.get(world)?.values() ?? []) count += moves.size;
    return count;
  }

  worlds(): string[] {
    return [...this.#durable.keys()];
  }

  playersOf(world: string): string[] {
    return [...(this.#durable.get(world)?.keys() ?? [])];
  }

  get entriesDurable(): number {
    return this.worlds().reduce((sum, world) => sum + this.promisedIn(world), 0);
  }

  /** Entries that were promised and were missing in some restored world, each counted once. */
  get entriesLost(): number {
    return this.#lost.size;
  }
}
