/** A seat as the game server sees it. */
import { z } from 'zod';
import { SeatRole } from '../allocator.ts';
import { PlayerId } from '../words.ts';

export const SeatState = z.enum(['held', 'admitted', 'present', 'away', 'left']).meta({ id: 'SeatState' });
export type SeatState = z.infer<typeof SeatState>;

export const Seat = z
  .object({
    playerId: PlayerId,
    role: SeatRole,
    state: SeatState,
    kicked: z.string().optional().describe('Why the player has to go, where they have to'),
  })
  .meta({ id: 'Seat' });
export type Seat = z.infer<typeof Seat>;
