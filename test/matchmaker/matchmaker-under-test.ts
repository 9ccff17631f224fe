/** The matchmaker over a database of its own and a scripted allocator, with players of every kind. */
import { randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import { matchmakerApi, type TicketRequest } from '../../contracts/matchmaker.ts';
import { waitUntil } from '../../local/processes/wait-until.ts';
import { ticketHandlers } from '../../matchmaker/api/ticket-handlers.ts';
import { createMatchmakerEvents } from '../../matchmaker/matchmaker-events.ts';
import { createKnownBuilds } from '../../matchmaker/known-builds.ts';
import { Modes } from '../../matchmaker/mode.ts';
import type { MatchmakerParts } from '../../matchmaker/moves/matchmaker-parts.ts';
import { createMatchDriver } from '../../matchmaker/rounds/match-driver.ts';
import { matchmakingLoop } from '../../matchmaker/rounds/matchmaking-loop.ts';
import { openMatchmakerStore } from '../../matchmaker/store/matchmaker-store.ts';
import { createTicketNews } from '../../matchmaker/ticket-news.ts';
import { SILENT_LOG } from '../../runtime/log.ts';
import { freshDatabase } from '../services/fresh-database.ts';
import { serveForTest } from '../services/serve-for-test.ts';
import { createTokenIssuer } from '../services/token-issuer.ts';
import { scriptedAllocator } from './scripted-allocator.ts';

export const MODES = Modes.parse({
  duel: { fleet: 'arena', map: 'Arena', players: 2, data: { $odd: 1 } },
  realm: { fleet: 'realm', map: 'Realm', players: 2, capacity: 16, worlds: 1 },
});

export async function matchmakerUnderTest() {
  const database = await freshDatabase();
  const allocator = await scriptedAllocator();
  const issuer = await createTokenIssuer('https://accounts.test', ['player', 'backend', 'operator']);
  const store = await openMatchmakerStore(database.db);
  const news = createTicketNews();
  const fleets = Object.values(MODES).map(({ fleet }) => fleet);
  const builds = createKnownBuilds({ allocator: allocator.client(allocator.token), fleets, unknown: () => {} });
  const reading = new AbortController();
  const known = builds.run(reading.signal);

  /** A process's parts; several share the database. */
  const partsOf = (changes: Partial<MatchmakerParts> = {}): MatchmakerParts => ({
    ...store,
    modes: MODES,
    allocator: allocator.client(allocator.token),
    builds,
    events: createMatchmakerEvents(new Registry(), SILENT_LOG),
    news,
    now: () => new Date(),
    mint: randomUUID,
    self: randomUUID(),
    ...changes,
  });
  /** A process's loops, until it is stopped. */
  const run = (parts: MatchmakerParts) => {
    const stopping = new AbortController();
    const driver = createMatchDriver(parts);
    const running = Promise.all([driver.run(stopping.signal), matchmakingLoop(parts, driver, stopping.signal)]);
    return {
      stop: async () => {
        stopping.abort();
        await running;
      },
    };
  };
  const served = await serveForTest(matchmakerApi, ticketHandlers(partsOf()), [issuer.trusted]);
  const backend = served.client(await issuer.sign('backend', ['backend']));
  return {
    database,
    allocator,
    issuer,
    store,
    partsOf,
    run,
    backend,
    player: async (id: string) => served.client(await issuer.sign(id, ['player'])),
    as: (token: string) => served.client(token),
    ticket: async (id: string) => (await backend.getTicket({ params: { id }, query: {} })).body,
    close: async () => {
      reading.abort();
      await known;
      await served.close();
      await allocator.close();
      await database.close();
    },
  };
}

/** With the loops of a process, until it is closed. */
export async function runningMatchmaker() {
  const mm = await matchmakerUnderTest();
  const loops = mm.run(mm.partsOf());
  return { ...mm, close: () => loops.stop().then(mm.close) };
}

export type MatchmakerUnderTest = Awaited<ReturnType<typeof matchmakerUnderTest>>;

export function ticketOf(player: string, changes: Partial<TicketRequest> = {}): TicketRequest {
  return { id: `t-${player}`, mode: 'duel', build: 'b1', players: [{ id: player, skill: 1_500, latencies: { eu: 20 } }], ...changes };
}

export function until<T>(what: string, question: () => T | Promise<T>) {
  return waitUntil(question, { what, deadlineMs: 100_000, signal: new AbortController().signal, everyMs: 20 });
}
