/** What the game server says to a player, and how to judge by it whether anything durable was lost. */
import { z } from 'zod';

/** Closed ranges in ascending order: `[[1, 40], [42, 50]]` lacks 41. */
export type MoveRanges = readonly (readonly [number, number])[];

const Joined = z.object({
  t: z.literal('joined'),
  player: z.string(),
  role: z.string(),
  map: z.string(),
  world: z.string().nullable(),
  durableSeq: z.int(),
  readOnly: z.boolean(),
  entities: z.int(),
  pickups: z.int(),
  you: z.object({ x: z.number(), y: z.number(), count: z.int(), lastN: z.int(), moves: z.array(z.tuple([z.int(), z.int()])) }),
});
export type Joined = Readonly<z.infer<typeof Joined>>;

const Ack = z.object({ t: z.literal('ack'), n: z.int(), durable: z.boolean(), seq: z.int().optional() });
export type Ack = Readonly<z.infer<typeof Ack>>;

const GameState = z.object({
  t: z.literal('state'),
  present: z.int(),
  pickups: z.int(),
  durableSeq: z.int(),
  players: z.array(z.tuple([z.string(), z.number(), z.number()])),
});
export type GameState = Readonly<z.infer<typeof GameState>>;

const GameMessage = z.discriminatedUnion('t', [
  Joined,
  Ack,
  GameState,
  z.object({ t: z.literal('refused'), refusal: z.string(), detail: z.string() }),
  z.object({ t: z.literal('nack'), n: z.int(), reason: z.string() }),
  z.object({ t: z.literal('left') }),
  z.object({ t: z.literal('pong') }),
  z.object({ t: z.literal('bye'), reason: z.string() }),
]);
export type GameMessage = z.infer<typeof GameMessage>;

/** Undefined for what is no message of this protocol. */
export function readGameMessage(text: string): GameMessage | undefined {
  try {
    return GameMessage.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The moves that were seen durable and that the world does not contain: entries lost. */
export function missingMoves(inWorld: MoveRanges, seenDurable: Iterable<number>): number[] {
  return [...seenDurable].filter((n) => !inWorld.some(([first, last]) => first <= n && n <= last));
}
