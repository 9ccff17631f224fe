/** What has happened so far, as the bots and the disturbances tell it. */
export type Phase = 'signing in' | 'resting' | 'queued' | 'joining' | 'playing' | 'resuming' | 'gone';

export const PHASES: readonly Phase[] = ['signing in', 'resting', 'queued', 'joining', 'playing', 'resuming', 'gone'];

export interface News {
  readonly at: number;
  readonly text: string;
}

const MOST_NEWS = 200;

export class Tally {
  readonly news: News[] = [];
  /** What must not have happened; each makes the run a failure. */
  readonly troubles: string[] = [];
  /** Game servers that were killed on purpose. */
  readonly killedServers = new Set<string>();
  /** Killings of the allocator, with how many allocations were in flight. */
  readonly allocatorKills: number[] = [];
  readonly refusedTickets = new Set<string>();
  /** Allocations in which a world went on after its server had died. */
  readonly resumed = new Set<string>();
  /** Game servers that their node gave another size while they ran. */
  readonly resizedServers = new Set<string>();
  readonly #phases = new Map<string, Phase>();
  readonly #joined = new Map<string, Set<string>>();
  readonly #now: () => number;
  readonly #tell: (news: News) => void;

  /** @param tell is told each piece of news at once */
  constructor(now: () => number, tell: (news: News) => void) {
    this.#now = now;
    this.#tell = tell;
  }

  say(text: string): void {
    const news = { at: this.#now(), text };
    this.news.push(news);
    if (this.news.length > MOST_NEWS) this.news.shift();
    this.#tell(news);
  }

  trouble(text: string): void {
    this.troubles.push(text);
    this.say(`TROUBLE: ${text}`);
  }

  phase(bot: string, phase: Phase): void {
    this.#phases.set(bot, phase);
  }

  phases(): Map<Phase, number> {
    const counts = new Map<Phase, number>(PHASES.map((phase) => [phase, 0]));
    for (const phase of this.#phases.values()) counts.set(phase, (counts.get(phase) ?? 0) + 1);
    return counts;
  }

  /** The player is in the game of this match. */
  joined(match: string, player: string): void {
    let players = this.#joined.get(match);
    if (players === undefined) this.#joined.set(match, (players = new Set()));
    players.add(player);
  }

  /** Matches in which every seat was taken by its player. */
  fullMatches(seats: Iterable<{ readonly match: string; readonly players: readonly string[] }>): number {
    let full = 0;
    for (const { match, players } of seats) {
      const joined = this.#joined.get(match);
      if (joined !== undefined && players.every((player) => joined.has(player))) full += 1;
    }
    return full;
  }

  /** Matches that at least one player has joined. */
  get begunMatches(): number {
    return this.#joined.size;
  }
}

/** The match that an allocation plays: a world that lost its server goes on as `<id>.r<n>`. */
export function matchOf(allocationId: string): string {
  return allocationId.replace(/\.r\d+$/, '');
}
