/**
 * What a game server carries of its session, as an annotation: enough to write the allocation anew when the store has
 * lost it. No secrets: whoever may read game servers may read this.
 */
import { z } from 'zod';
import { AllocationRequest } from '../../contracts/allocator.ts';
import { jsonText } from '../../contracts/json-text.ts';
import { Instant } from '../../contracts/words.ts';
import type { AllocationDocument } from '../allocation.ts';

const Essentials = z.object({
  client: z.string(),
  fingerprint: z.string(),
  createdAt: Instant,
  /** Epoch of the world lease that the attempt was given; null where no world is played. */
  epoch: z.int().nullable(),
  traceparent: z.string(),
  /** The request, with those who held seats when the cluster was asked; their latencies are left out. */
  request: AllocationRequest,
  /** What had to be left out to stay within bounds. */
  cut: z.array(z.enum(['data', 'players'])).default([]),
});
export type Essentials = z.infer<typeof Essentials>;

/** The annotation as it stands in a watch line, whose 64 KiB also hold the rest of the object. */
const MOST_BYTES = 24 * 1_024;

export function essentialsOf(allocation: AllocationDocument, epoch: number | null): string {
  const { request, seats } = allocation;
  const players = seats.slice(0, MOST_PLAYERS).map(({ id, role }) => ({ id, role }));
  const write = (cut: Essentials['cut']) =>
    jsonText({
      client: allocation.client,
      fingerprint: allocation.fingerprint,
      createdAt: allocation.createdAt.toISOString(),
      epoch,
      traceparent: allocation.traceparent,
      request: {
        ...request,
        session: cut.includes('data') ? { ...request.session, data: {} } : request.session,
        players: cut.includes('players') ? [] : players,
      },
      cut,
    });
  const [whole, withoutData, bare] = [write([]), write(['data']), write(['data', 'players'])];
  return [whole, withoutData].find((text) => bytesInWatch(text) <= MOST_BYTES) ?? bare;
}

/** `undefined` where there is nothing that this build understands. */
export function readEssentials(text: string | undefined): Essentials | undefined {
  if (text === undefined) return undefined;
  try {
    return Essentials.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** As many as a request may name. */
const MOST_PLAYERS = 1_000;

/** As a JSON string inside JSON, with the characters that Go's encoder writes as escapes of six bytes. */
function bytesInWatch(text: string): number {
  return Buffer.byteLength(JSON.stringify(text).replaceAll(/[<>&\u2028\u2029]/g, '\\u0000'));
}
