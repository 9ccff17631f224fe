/** A game mode: how its matches are formed, and what is asked of the allocator for one. */
import { z } from 'zod';
import { GameJson } from '../contracts/game-json.ts';
import { KubeName, WorldId } from '../contracts/words.ts';

/** A limit that begins strict and relaxes with each second of waiting. */
export const Window = z.object({ start: z.number().min(0), perSecond: z.number().min(0), most: z.number().min(0) });
export type Window = z.infer<typeof Window>;

export const Mode = z
  .object({
    fleet: KubeName,
    map: z.string().min(1).max(256),
    /** Players of a full match. */
    players: z.int().min(1).max(1_000),
    /** A match may start with fewer, once its oldest ticket has waited `maxWaitSeconds`. */
    minPlayers: z.int().min(1).optional(),
    maxWaitSeconds: z.number().min(0).default(20),
    /** Seats of the server; more than `players` where others join later. */
    capacity: z.int().min(1).max(1_000).optional(),
    /** A persistent-world mode: the worlds by name, or how many there are (`MODE-1`, `MODE-2`, …). */
    worlds: z.union([z.int().min(1).max(100_000), z.array(WorldId).min(1)]).optional(),
    data: GameJson.default({}),
    /** Round-trip time to a region in milliseconds that is good enough. */
    latencyMs: Window.default({ start: 80, perSecond: 10, most: 1_000 }),
    /** Distance in skill within one match. */
    skill: Window.default({ start: 200, perSecond: 40, most: 10_000 }),
    /** Seconds that the allocator gets to have a session ready. */
    deadlineSeconds: z.number().min(1).max(600).default(60),
  })
  .refine((mode) => (mode.minPlayers ?? mode.players) <= mode.players, { path: ['minPlayers'], error: 'is more than players' })
  .refine((mode) => (mode.capacity ?? mode.players) >= mode.players, { path: ['capacity'], error: 'is less than players' });
export type Mode = z.infer<typeof Mode>;

export const Modes = z.record(KubeName, Mode);
export type Modes = z.infer<typeof Modes>;

export function widthAfter(window: Window, seconds: number): number {
  return Math.min(window.most, window.start + window.perSecond * Math.max(0, seconds));
}

export function capacityOf(mode: Mode): number {
  return mode.capacity ?? mode.players;
}
