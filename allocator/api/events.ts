/** The event log to its readers. */
import type { allocatorApi } from '../../contracts/allocator-api.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import type { Principal } from '../../runtime/token-check.ts';
import type { EventMetrics } from '../delivery/event-metrics.ts';
import type { EventReader, Wanted } from '../delivery/read-events.ts';
import { callerOf, seesAll, type LookUp } from './look-up.ts';

type All = Handlers<typeof allocatorApi.endpoints>;
type Mine = Pick<All, 'listEvents' | 'streamEvents' | 'listEventsOfAllocation'>;

export interface EventsApiParts {
  readonly reader: EventReader;
  readonly lookUp: LookUp;
  readonly metrics: Pick<EventMetrics, 'streaming'>;
}

/** Until more is asked for, a stream begins with this many. */
const FIRST_OF_STREAM = 100;

export function eventHandlers({ reader, lookUp, metrics }: EventsApiParts): Mine {
  return {
    listEvents: async ({ query }, { principal, signal }) => {
      const after = query.after ?? (await reader.placeAt('start'));
      const { events, next } = await reader.readHeld(after, query.limit, wantedOf(query, callerOf(principal)), query.wait * 1_000, signal);
      return { status: 200, body: { events: [...events], next } };
    },

    streamEvents: async ({ query, headers }, { principal, signal }) => {
      const wanted = wantedOf(query, callerOf(principal));
      const seen = headers['last-event-id'];
      // Whoever comes again sends the same query, and where it really is as a header.
      const after = seen === undefined ? (query.after ?? (await reader.placeAt('head'))) : Number(seen);
      const first = await reader.read(after, FIRST_OF_STREAM, wanted);
      return { status: 200, body: counted(metrics, reader.stream(first, wanted, signal)) };
    },

    listEventsOfAllocation: async ({ params, query }, { principal, signal }) => {
      const { allocation } = await lookUp(params.id, callerOf(principal));
      const after = query.after ?? (await reader.placeAt('start'));
      const { events, next } = await reader.readHeld(after, query.limit, { uid: allocation._id }, query.wait * 1_000, signal);
      return { status: 200, body: { events: [...events], next } };
    },
  };
}

function wantedOf(
  { kind, fleet, world }: { kind?: Wanted['kinds']; fleet?: string | undefined; world?: string | undefined },
  caller: Principal,
): Wanted {
  return { client: seesAll(caller) ? undefined : caller.subject, kinds: kind, fleet, world };
}

async function* counted<E>(metrics: EventsApiParts['metrics'], events: AsyncIterable<E>): AsyncGenerator<E> {
  const ended = metrics.streaming();
  try {
    yield* events;
  } finally {
    ended();
  }
}
