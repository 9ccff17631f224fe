/** The line, as MongoDB keeps it: who waits and who is being placed, first in line first, and no more of each than it takes. */
import type { Filter } from 'mongodb';
import { z } from 'zod';
import { LatencyPolicy } from '../../contracts/allocator.ts';
import { ServerSelector } from '../../contracts/server-selectors.ts';
import { AppError } from '../../contracts/app-error.ts';
import { translated, type Documents } from '../../runtime/documents/collection.ts';
import type { AllocationDocument } from '../allocation.ts';
import { poolOf, type Pool } from '../placement/pool.ts';

type Doc = AllocationDocument;

/** One who stands in line: what placement has to know of them. */
export const Waiter = z.object({
  _id: z.string(),
  state: z.enum(['queued', 'placing']),
  pool: z.string(),
  turn: z.number(),
  createdAt: z.date(),
  deadlineAt: z.date(),
  onHoldUntil: z.date().nullable(),
  worstLatencies: z.record(z.string(), z.number()),
  intent: z.object({ cluster: z.string(), worker: z.string() }).nullable(),
  request: z.object({
    build: z.string(),
    fleet: z.string().optional(),
    selectors: z.array(ServerSelector).optional(),
    regions: z.array(z.string()),
    latencyPolicy: LatencyPolicy,
    expectedSeconds: z.number().optional(),
  }),
});
export type Waiter = z.infer<typeof Waiter> & {
  /** Which servers will do for it. */
  readonly wants: Pool;
};

const SHOWN = {
  state: 1,
  pool: 1,
  turn: 1,
  createdAt: 1,
  deadlineAt: 1,
  onHoldUntil: 1,
  worstLatencies: 1,
  // Of a field that is null no part can be asked for.
  intent: 1,
  'request.build': 1,
  'request.fleet': 1,
  'request.selectors': 1,
  'request.regions': 1,
  'request.latencyPolicy': 1,
  'request.expectedSeconds': 1,
} as const;

/** A place in line; two of one turn stand in the order of their uids. */
export interface Standing {
  readonly turn: number;
  readonly uid: string;
}

export interface Stretch {
  /** Lines that are read as one. See `placement/pool.ts`. */
  readonly pools: readonly string[];
  readonly after?: Standing | undefined;
  readonly before?: Standing | undefined;
  /** Only those who may go to one of these. */
  readonly regions?: readonly string[] | undefined;
  readonly limit: number;
}

export interface Line {
  /** First in line first. Whoever moves between queued and being placed meanwhile is read once all the same. */
  read(stretch: Stretch): Promise<Waiter[]>;
  /** Counts up to the limit. */
  count(stretch: Stretch): Promise<number>;
  /** The lines in which anybody stands. */
  standing(): Promise<string[]>;
}

export const LINE_INDEX = { key: { inLine: 1, pool: 1, turn: 1, _id: 1 }, name: 'line' } as const;

export function openLine(documents: Documents<Doc>): Line {
  return {
    read: (stretch) =>
      translated(async () => {
        const cursor = documents.raw.find(filterOf(stretch), { projection: SHOWN }).sort({ turn: 1, _id: 1 });
        return (await cursor.limit(stretch.limit).toArray()).map(waiterOf);
      }),
    count: (stretch) => translated(() => documents.raw.countDocuments(filterOf(stretch), { limit: stretch.limit })),
    standing: () => translated(async () => z.array(z.string()).parse(await documents.raw.distinct('pool', { inLine: true }))),
  };
}

/**
 * `inLine` and not the state is what the index knows: it stays the same from queued to placing and back, so that nobody is
 * missed who changes between the two while the index is read.
 */
function filterOf({ pools, after, before, regions }: Stretch): Filter<Doc> {
  const turn = { ...(after === undefined ? {} : { $gte: after.turn }), ...(before === undefined ? {} : { $lte: before.turn }) };
  const conditions: Filter<Doc>[] = [
    ...(after === undefined ? [] : [{ $or: [{ turn: { $gt: after.turn } }, { turn: after.turn, _id: { $gt: after.uid } }] }]),
    ...(before === undefined ? [] : [{ $or: [{ turn: { $lt: before.turn } }, { turn: before.turn, _id: { $lt: before.uid } }] }]),
    ...(regions === undefined ? [] : [{ $or: [{ 'request.regions': { $size: 0 } }, { 'request.regions': { $in: [...regions] } }] }]),
  ];
  return {
    inLine: true,
    pool: { $in: [...pools] },
    ...(Object.keys(turn).length === 0 ? {} : { turn }),
    state: { $in: ['queued', 'placing'] },
    ...(conditions.length === 0 ? {} : { $and: conditions }),
  };
}

function waiterOf(stored: unknown): Waiter {
  const parsed = Waiter.safeParse(stored);
  if (parsed.success) return { ...parsed.data, wants: poolOf(parsed.data.request) };
  throw new AppError('internal', 'document_malformed', 'an allocation in line has another shape than this build knows', {
    cause: parsed.error,
  });
}
