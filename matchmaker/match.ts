/**
 * A match as it is kept: which tickets, and how far it is. Its id is the id of its allocation, chosen before anything is asked.
 *
 *   forming ──▶ asking ──▶ placed ──▶ over        placed: while its world lives, it is watched
 *      │          │  ▲        │
 *      │          │  └────────┘  its world was lost: the next round, `<id>.r<n>`
 *      └──────────┴──▶ returning ──▶ over         its tickets wait again
 *
 * The document is there before its first ticket is taken into it (waiting → matched, by compare-and-set), and the allocator is
 * asked only after the last one was: a ticket is in one match at most, and a crash at any point leaves a match that says what to do.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AllocationRequest } from '../contracts/allocator.ts';
import { jsonText } from '../contracts/json-text.ts';
import type { FormedMatch } from './matching/form-matches.ts';
import { capacityOf, type Mode } from './mode.ts';

export const MatchState = z.enum(['forming', 'asking', 'placed', 'returning', 'over']);
export type MatchState = z.infer<typeof MatchState>;

export const Match = z.object({
  _id: z.string(),
  mode: z.string(),
  state: MatchState,
  /** False once over: what the index of open matches looks at. */
  open: z.boolean(),
  tickets: z.array(z.string()),
  /** The allocation request as JSON, but for its id: each round asks in the same words. */
  request: z.string(),
  world: z.string().optional(),
  /** How often its world was asked for again. */
  round: z.int().min(0),
  createdAt: z.date(),
  /** The process that moves it on, and until when nobody else does. Two at once do no harm. */
  leasedBy: z.string(),
  leaseUntil: z.date(),
  reason: z.string().optional(),
  /** Returning: its allocation is not final yet. */
  cancel: z.boolean().optional(),
});
export type Match = z.infer<typeof Match>;

export function allocationIdOf(match: Match): string {
  return match.round === 0 ? match._id : `${match._id}.r${match.round}`;
}

/** @throws ZodError when the stored request is not what this build knows. */
export function requestOf(match: Match): AllocationRequest {
  return AllocationRequest.parse({ ...(JSON.parse(match.request) as Record<string, unknown>), id: allocationIdOf(match) });
}

export interface NewMatch {
  readonly id: string;
  readonly modeName: string;
  readonly mode: Mode;
  readonly formed: FormedMatch;
  readonly by: string;
  readonly now: Date;
  readonly leaseUntil: Date;
}

export function newMatch({ id, modeName, mode, formed, by, now, leaseUntil }: NewMatch): Match {
  const players = formed.tickets.flatMap((ticket) => ticket.players);
  const world = worldFor(modeName, mode, players[0]?.id ?? id);
  const request: Omit<z.input<typeof AllocationRequest>, 'id'> = {
    fleet: mode.fleet,
    build: formed.build,
    mode: modeName,
    session: { map: mode.map, data: mode.data, capacity: capacityOf(mode), ...(world === undefined ? {} : { world }) },
    players: players.map((player) => ({ id: player.id, latencies: player.latencies })),
    regions: [...formed.regions],
    deadlineSeconds: mode.deadlineSeconds,
  };
  return {
    _id: id,
    mode: modeName,
    state: 'forming',
    open: true,
    tickets: formed.tickets.map((ticket) => ticket.id),
    request: jsonText(request),
    ...(world === undefined ? {} : { world }),
    round: 0,
    createdAt: now,
    leasedBy: by,
    leaseUntil,
  };
}

/** The same player first comes to the same world, as long as the mode has as many. */
export function worldFor(modeName: string, mode: Mode, firstPlayer: string): string | undefined {
  if (mode.worlds === undefined) return undefined;
  const count = typeof mode.worlds === 'number' ? mode.worlds : mode.worlds.length;
  const draw = createHash('sha256').update(firstPlayer).digest().readUInt32BE() % count;
  return typeof mode.worlds === 'number' ? `${modeName}-${draw + 1}` : mode.worlds[draw];
}
