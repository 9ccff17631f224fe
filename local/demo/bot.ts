/** One bot player: signs up, queues, joins, plays, leaves, and queues again; finds its world again when the server dies. */
import type { PlayerSession } from '../../contracts/allocator.ts';
import { AppError } from '../../contracts/app-error.ts';
import type { Send } from '../../contracts/client.ts';
import { pause } from '../../runtime/deadline.ts';
import { waitUntil } from '../processes/wait-until.ts';
import type { StackFile } from '../supervisor/stack-file.ts';
import type { Part } from './cast.ts';
import { playerClients, type PlayerClients } from './clients.ts';
import { keepAsking } from './keep-asking.ts';
import type { Ledger } from './ledger.ts';
import { Login } from './login.ts';
import type { Party } from './party.ts';
import { play, type Ending } from './play.ts';
import { queueUp, type Place } from './queue-up.ts';
import { matchOf, type Phase, type Tally } from './tally.ts';
import { GameConnection } from './udp-client.ts';

export interface BotParts {
  readonly part: Part;
  readonly party: Party | undefined;
  readonly stack: StackFile;
  readonly send: Send;
  /** Unique to this run: names accounts and tickets. */
  readonly run: string;
  readonly build: string;
  readonly tally: Tally;
  readonly ledger: Ledger;
  readonly luck: () => number;
  readonly now: () => number;
  /** The session at this place is over, in order. */
  readonly hasEnded: (place: Place) => boolean;
  /** Placed, and about to join for the first time. */
  readonly beforeJoin?: (place: Place, signal: AbortSignal) => Promise<void>;
  /** Left for good. */
  readonly afterLeave?: (place: Place) => void;
}

const PARTY_MS = 180_000;
const PLACED_MS = 300_000;
const JOIN_MS = 30_000;
const FOUND_AGAIN_MS = 300_000;
const ENDED_MS = 30_000;
const ASK_AGAIN_MS = 500;
const HOLD_SECONDS = 5;
/** Time in the game; a world is played for longer, and for a while again after it moved. */
const PLAY_MS = { duel: 4_000, world: 12_000, resumed: 5_000 } as const;
/** Between matches; long enough that the server left last has mostly ended. */
const REST_MS = { least: 1_500, more: 1_500 } as const;

export class Bot {
  readonly #parts: BotParts;
  readonly #clients: PlayerClients;
  readonly #login: Login;
  #playerId = '';
  #round = 0;

  constructor(parts: BotParts) {
    this.#parts = parts;
    const token = (): Promise<string | undefined> => this.#login.accessToken();
    this.#clients = playerClients(parts.stack, parts.send, token);
    this.#login = new Login(this.#clients.accounts, parts.now);
  }

  /** @param closing no further match is begun. @param signal all stops at once. Never rejects: what goes wrong is in the tally. */
  async live(closing: AbortSignal, signal: AbortSignal): Promise<void> {
    const { part, run, tally } = this.#parts;
    try {
      this.#phase('signing in');
      this.#playerId = await this.#login.enter(
        part.name,
        `${part.name}.${run}@players.lifeverse.test`,
        `a long word for ${part.name}`,
        signal,
      );
      while (!closing.aborted && !signal.aborted) {
        this.#phase('resting');
        await pause(REST_MS.least + this.#parts.luck() * REST_MS.more, AbortSignal.any([closing, signal]));
        if (!closing.aborted && !signal.aborted) await this.#tryMatch(closing, signal);
      }
    } catch (error) {
      if (!signal.aborted) tally.trouble(`${part.name}: ${textOf(error)}`);
    }
    this.#phase('gone');
  }

  async #tryMatch(closing: AbortSignal, signal: AbortSignal): Promise<void> {
    try {
      const place = await this.#place(closing, signal);
      if (place !== undefined) await this.#match(place, signal);
    } catch (error) {
      if (!signal.aborted) this.#parts.tally.trouble(`${this.#parts.part.name}: ${textOf(error)}`);
    }
  }

  async #place(closing: AbortSignal, signal: AbortSignal): Promise<Place | undefined> {
    const { part, party, run, build } = this.#parts;
    this.#phase('queued');
    const id = await party?.meet(AbortSignal.any([closing, signal]), PARTY_MS);
    if (party !== undefined && id === undefined) return undefined;
    this.#round += 1;
    const request = {
      id: `${run}.${part.name}.${this.#round}`,
      mode: part.mode,
      build,
      players: [{ id: this.#playerId, skill: part.skill, latencies: part.latencies }],
      ...(party === undefined ? {} : { party: { id: `${run}.${id}`, size: party.size } }),
    };
    return queueUp(this.#clients.matchmaker, request, { playerId: this.#playerId, signal, closing, withinMs: PLACED_MS });
  }

  /** From the first join to the last leave, through as many servers as it takes. */
  async #match(first: Place, signal: AbortSignal): Promise<void> {
    const { part, tally, now, beforeJoin, afterLeave } = this.#parts;
    this.#phase('joining');
    await beforeJoin?.(first, signal);
    let place = first;
    let ending = await this.#visit(place, PLAY_MS[part.mode], signal);
    while (ending === 'gone' && place.world !== undefined) {
      this.#phase('resuming');
      const since = now();
      const found = await this.#findAgain(place, signal);
      if (found === undefined) return tally.say(`${part.name} came too late to ${place.world}: its session has ended`);
      place = found;
      ending = await this.#visit(place, PLAY_MS.resumed, signal, () => this.#resumedAt(found, since));
    }
    if (ending === 'gone') tally.say(`${part.name} has lost its ${part.mode} with the server`);
    if (ending === 'left') afterLeave?.(place);
  }

  async #visit(place: Place, forMs: number, signal: AbortSignal, onJoined?: () => void): Promise<Ending> {
    const { tally, ledger, luck } = this.#parts;
    const { world } = place;
    const game = await this.#join(place, signal);
    if (typeof game === 'string') return game;
    this.#phase('playing');
    tally.joined(matchOf(place.allocationId), this.#playerId);
    if (world !== undefined) {
      const missing = ledger.check(world, this.#playerId, game.joined.you.moves);
      if (missing.length > 0) tally.trouble(`${world} lacks ${missing.length} durable moves of ${this.#parts.part.name}`);
    }
    onJoined?.();
    const promised = (move: number): void => {
      if (world !== undefined) ledger.promised(world, this.#playerId, move);
    };
    return play(game, { forMs, luck, promised, signal });
  }

  /** @returns an ending where there is nothing to join any more: the session has just ended, or its server has just died. */
  async #join(place: Place, signal: AbortSignal): Promise<GameConnection | Ending> {
    try {
      return await GameConnection.connect({ ...place, playerId: this.#playerId, signal, timeoutMs: JOIN_MS });
    } catch (error) {
      signal.throwIfAborted();
      const { part, tally, hasEnded } = this.#parts;
      const wait = { what: 'the session has ended', deadlineMs: ENDED_MS, signal };
      if (await waitUntil(() => hasEnded(place), wait).catch(() => false)) {
        tally.say(`${part.name} came too late to ${place.world ?? place.allocationId}: ${textOf(error)}`);
        return 'over';
      }
      if (place.world !== undefined && error instanceof AppError && error.kind === 'timeout') return 'gone';
      throw error;
    }
  }

  #resumedAt(place: Place, since: number): void {
    const { tally, now } = this.#parts;
    // Back on the same server: it had only been silent.
    if (matchOf(place.allocationId) === place.allocationId || tally.resumed.has(place.allocationId)) return;
    tally.resumed.add(place.allocationId);
    tally.say(`${place.world} goes on at port ${place.address.port}, ${((now() - since) / 1_000).toFixed(1)} s after its server was gone`);
  }

  /** Asks until the session is somewhere else: for a moment the allocator still believes in the dead server. Undefined: it has ended. */
  async #findAgain(lost: Place, signal: AbortSignal): Promise<Place | undefined> {
    const deadline = performance.now() + FOUND_AGAIN_MS;
    while (performance.now() < deadline) {
      const found = await this.#session(signal);
      if (found !== undefined && found.allocationId !== lost.allocationId) return { ...found, world: found.world };
      if (this.#parts.hasEnded(lost)) return undefined;
      // Polled: for as long as it believes in the dead server, it answers at once.
      await pause(ASK_AGAIN_MS, signal);
      signal.throwIfAborted();
    }
    throw new AppError('timeout', 'not_found_again', `${lost.world} was not resumed within ${FOUND_AGAIN_MS} ms`);
  }

  /** Where this player's session is now, as the allocator says; undefined where there is none. */
  async #session(signal: AbortSignal): Promise<PlayerSession | undefined> {
    const call = { params: { id: this.#playerId }, query: { wait: HOLD_SECONDS } };
    try {
      return (await keepAsking(() => this.#clients.allocator.playerSession(call, { signal }), { signal, withinMs: FOUND_AGAIN_MS })).body;
    } catch (error) {
      if (error instanceof AppError && error.kind === 'not-found') return undefined;
      throw error;
    }
  }

  #phase(phase: Phase): void {
    this.#parts.tally.phase(this.#parts.part.name, phase);
  }
}

function textOf(error: unknown): string {
  if (error instanceof AppError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
