/**
 * Capacity wakes the line: when a server becomes Ready, or one that was set aside was not taken, those who would be served
 * now get a turn, first in line first, and nobody else. One server wakes one allocation, however many wait; and whoever may
 * use it is found, however many wait ahead of them for something else.
 */
import type { Log } from '../../runtime/log.ts';
import type { AgonesCluster } from '../clusters/agones-cluster.ts';
import { candidatesOf, learn } from '../clusters/candidates-of.ts';
import { linesFor, selectingPools, serveLine, type LineParts } from '../moves/serve-line.ts';
import { Board } from '../placement/board.ts';
import type { Candidate } from '../placement/candidate.ts';
import { anyOf, buildOfLine, type Pool } from '../placement/pool.ts';
import type { Line, Waiter } from '../store/line.ts';
import type { StandingLines } from './standing-lines.ts';
import type { Turns } from './turns.ts';

/** Servers come in bunches; one look serves a bunch. Milliseconds. */
const GATHER_MS = 20;
const PIECE = 200;

export interface WakerParts extends LineParts {
  readonly line: Pick<Line, 'read'>;
  /** Each reading wakes everybody who stands in one: it heals what a wake-up cannot reach. */
  readonly lines: Pick<StandingLines, 'onRead' | 'readSoon'>;
  readonly turns: Pick<Turns, 'give'>;
  readonly log: Log;
}

export interface LineWaker {
  /** Listens to a cluster. */
  watch(cluster: Pick<AgonesCluster, 'census' | 'onUsable'>): void;
}

export function createLineWaker(parts: WakerParts): LineWaker {
  /** Build → whether its line is being looked at, and has to be looked at once more. */
  const looking = new Map<string, 'gathering' | 'looking' | 'again'>();

  const look = async (build: string) => {
    looking.set(build, 'looking');
    try {
      await wake(parts, build);
    } catch (cause) {
      parts.log.debug('could not wake those in line; the backstop will', { cause });
    }
    const again = looking.get(build) === 'again';
    looking.delete(build);
    if (again) soon(build);
  };

  const soon = (build: string) => {
    const present = looking.get(build);
    if (present === 'looking') looking.set(build, 'again');
    if (present !== undefined) return;
    looking.set(build, 'gathering');
    setTimeout(() => void look(build), GATHER_MS).unref();
  };

  parts.lines.onRead((lines) => {
    for (const line of lines) soon(buildOfLine(line));
  });
  return {
    watch: (cluster) => {
      cluster.census.onFreed(({ build }) => soon(build));
      cluster.onUsable(() => parts.lines.readSoon());
    },
  };
}

/** Gives a turn to everybody of a build who would be served now. */
async function wake(parts: WakerParts, build: string): Promise<void> {
  let selecting: Pool[] = [];
  let { board, fleets, regions } = boardFor(parts, build, selecting);
  let after: { turn: number; uid: string } | undefined;
  while (!board.isEmpty) {
    const piece: Waiter[] = await parts.line.read({ pools: linesFor(build, fleets), after, regions, limit: PIECE });
    const known = new Set(selecting.map(({ key }) => key));
    const added = selectingPools(piece).filter(({ key }) => !known.has(key));
    if (added.length > 0) {
      // By these, servers have to be told apart that were the same until now: begin again.
      selecting = [...selecting, ...added];
      await learn(parts, anyOf(build, selecting));
      ({ board, fleets, regions } = boardFor(parts, build, selecting));
      after = undefined;
      continue;
    }
    serveLine(parts, board, piece, (uid) => parts.turns.give(uid));
    const last = piece.at(-1);
    if (piece.length < PIECE || last === undefined) return;
    after = { turn: last.turn, uid: last._id };
  }
}

function boardFor(parts: WakerParts, build: string, selecting: readonly Pool[]) {
  const candidates = candidatesOf(parts, undefined, anyOf(build, selecting)).filter(({ healthy, stock }) => healthy && stock.length > 0);
  return { board: new Board(candidates), fleets: fleetsOf(candidates), regions: [...new Set(candidates.map(({ region }) => region))] };
}

function fleetsOf(candidates: readonly Candidate[]): Set<string> {
  return new Set(candidates.flatMap(({ stock }) => stock.map(({ kind }) => kind.fleet)));
}
