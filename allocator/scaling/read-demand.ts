/** Who wants servers of a fleet, from the database alone: any process reads the same. */
import type { Filter } from 'mongodb';
import { z } from 'zod';
import { GAME_SERVER_MARKS, LatencyPolicy } from '../../contracts/allocator.ts';
import { translated } from '../../runtime/documents/collection.ts';
import type { AllocationDocument } from '../allocation.ts';
import { FLEET_LABEL, lineOf, poolOf, rankOf } from '../placement/pool.ts';
import type { Allocations } from '../store/allocations.ts';
import type { Waiter } from '../store/line.ts';
import type { Demand } from './share-demand.ts';

export interface FleetDemand {
  /** First in line first; at most `SAMPLE`, who stand for `waitingTotal`. */
  readonly waiting: readonly Demand[];
  readonly waitingTotal: number;
  /** Asked for within the last `ARRIVAL_SECONDS`, the newest first; at most `SAMPLE`, who stand for `arrivalsTotal`. */
  readonly arrivals: readonly Demand[];
  readonly arrivalsTotal: number;
}

/** Long enough to count a fleet's arrivals, short enough to follow an evening's rush. */
export const ARRIVAL_SECONDS = 120;
const SAMPLE = 500;
const MOST_COUNTED = 100_000;

const Arrival = z.object({
  createdAt: z.date(),
  worstLatencies: z.record(z.string(), z.number()),
  server: z.object({ cluster: z.string() }).nullish(),
  request: z.object({
    build: z.string(),
    regions: z.array(z.string()),
    latencyPolicy: LatencyPolicy,
    expectedSeconds: z.number().optional(),
  }),
});

const SHOWN = {
  createdAt: 1,
  worstLatencies: 1,
  'server.cluster': 1,
  'request.build': 1,
  'request.regions': 1,
  'request.latencyPolicy': 1,
  'request.expectedSeconds': 1,
} as const;

/** A fleet as Agones knows it. */
export interface ScaledFleet {
  /** Agones' name of it. */
  readonly name: string;
  /** What requests call it: the same for all fleets that are builds of one. */
  readonly called: string;
  /** Of all its servers, where the fleet says so. */
  readonly build: string | undefined;
}

export async function readDemand({ line, documents }: Allocations, fleet: ScaledFleet, now: number): Promise<FleetDemand> {
  const standing = (await line.standing()).filter((pool) => pool.endsWith(lineOf('', fleet.called)) || pool.endsWith(lineOf('')));
  const since: Filter<AllocationDocument> = { 'request.fleet': fleet.called, createdAt: { $gte: new Date(now - ARRIVAL_SECONDS * 1_000) } };
  const [read, counted, found, arrivalsTotal] = await Promise.all([
    standing.length === 0 ? [] : line.read({ pools: standing, limit: SAMPLE }),
    standing.length === 0 ? 0 : line.count({ pools: standing, limit: MOST_COUNTED }),
    translated(() => documents.raw.find(since, { projection: SHOWN }).sort({ createdAt: -1 }).limit(SAMPLE).toArray()),
    translated(() => documents.raw.countDocuments(since, { limit: MOST_COUNTED })),
  ]);
  const wanting = read.filter((waiter) => wants(waiter, fleet));
  return {
    waiting: wanting.map((waiter) => demandOf({ ...waiter, at: waiter.state === 'placing' ? waiter.intent?.cluster : undefined }, now)),
    // Those who choose by selectors, and want other fleets, are as many among those who were not read.
    waitingTotal: read.length === 0 ? 0 : Math.round((counted * wanting.length) / read.length),
    arrivals: found.map((one) => {
      const arrival = Arrival.parse(one);
      return demandOf({ ...arrival, at: arrival.server?.cluster }, now);
    }),
    arrivalsTotal,
  };
}

/** By its name, or by selectors that a server of the fleet meets by fleet and build alone. */
function wants({ request }: Waiter, { name, called }: ScaledFleet): boolean {
  if (request.fleet !== undefined) return request.fleet === called;
  const { build, selectors } = request;
  const labels = { [FLEET_LABEL]: name, [GAME_SERVER_MARKS.build]: build };
  return (
    rankOf(poolOf({ build, ...(selectors === undefined ? {} : { selectors }) }), {
      fleet: called,
      build,
      labels,
      counters: {},
      lists: {},
    }) >= 0
  );
}

function demandOf(one: Omit<z.infer<typeof Arrival>, 'server'> & { at: string | undefined }, now: number): Demand {
  const { build, regions, latencyPolicy, expectedSeconds } = one.request;
  return {
    build,
    regions,
    latencyPolicy,
    worstLatencies: one.worstLatencies,
    ageMs: now - one.createdAt.getTime(),
    expectedMs: expectedSeconds === undefined ? undefined : expectedSeconds * 1_000,
    at: one.at,
  };
}
