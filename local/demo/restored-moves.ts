/** What a world would be restored to now, read from saves: the moves of each player in its newest snapshot and the journal after it. */
import { z } from 'zod';
import type { Client } from '../../contracts/client.ts';
import type { savesApi } from '../../contracts/saves.ts';
import type { MoveRanges } from './game-messages.ts';

/** As the sample server writes it. */
const WorldSnapshot = z.object({ players: z.array(z.object({ id: z.string(), moves: z.array(z.tuple([z.int(), z.int()])) })) });
const MoveEntry = z.object({ kind: z.literal('move'), player: z.string(), n: z.int() });

export async function restoredMoves(
  saves: Client<typeof savesApi.endpoints>,
  world: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, MoveRanges>> {
  const moves = new Map<string, [number, number][]>();
  let after: number | undefined;
  do {
    const { body } = await saves.restore(
      { params: { kind: 'worlds', id: world }, query: after === undefined ? {} : { after } },
      { signal },
    );
    if (body.snapshot !== undefined) {
      for (const player of WorldSnapshot.parse(JSON.parse(body.snapshot.data)).players) moves.set(player.id, [...player.moves]);
    }
    for (const { data } of body.entries) {
      const entry = MoveEntry.safeParse(data).data;
      if (entry === undefined) continue;
      moves.set(entry.player, [...(moves.get(entry.player) ?? []), [entry.n, entry.n]]);
    }
    after = body.next;
  } while (after !== undefined);
  return moves;
}
