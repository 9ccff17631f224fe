/** Players who were sent away from a session, as their game server is told. Pure. */
import { z } from 'zod';
import { MOST_KICKS, type KickNotice } from '../contracts/notices.ts';
import { packetKeyId } from '../runtime/packet-key-id.ts';

export const Kick = z.object({
  playerId: z.string(),
  reason: z.string(),
  at: z.date(),
  /** Of the seat that is over. Absent where the player had none by then, but may still have been in the game. */
  keyId: z.string().optional(),
});
export type Kick = z.infer<typeof Kick>;

interface Seated {
  readonly seats: readonly { readonly id: string; readonly packetKey: string }[];
  readonly kicks?: readonly Kick[] | undefined;
}

/** With one more, the oldest first. The same array when it says what is said already. */
export function withKick({ seats, kicks = [] }: Seated, playerId: string, reason: string, at: Date): readonly Kick[] {
  const seat = seats.find(({ id }) => id === playerId);
  const known = kicks.find((kick) => kick.playerId === playerId);
  if (seat === undefined && known !== undefined) return kicks;
  const kick = { playerId, reason, at, ...(seat === undefined ? {} : { keyId: packetKeyId(seat.packetKey) }) };
  return [...kicks.filter((other) => other !== known), kick].slice(-MOST_KICKS);
}

/** Whoever is given a seat anew may come again. The same array where none of them was kicked. */
export function withoutKicks(kicks: readonly Kick[], players: readonly string[]): readonly Kick[] {
  const left = kicks.filter(({ playerId }) => !players.includes(playerId));
  return left.length === kicks.length ? kicks : left;
}

export function kickNotices(kicks: readonly Kick[] = []): KickNotice[] {
  return kicks.map(({ at, ...kick }) => ({ kind: 'kick', ...kick, at: at.toISOString() }));
}
