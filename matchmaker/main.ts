/** The matchmaker: turns tickets into matches, and matches into allocations. */
import { randomUUID } from 'node:crypto';
import { allocatorApi } from '../contracts/allocator-api.ts';
import { createClient } from '../contracts/client.ts';
import { matchmakerApi } from '../contracts/matchmaker.ts';
import { connectMongo } from '../runtime/documents/mongo.ts';
import { untilSignal } from '../runtime/lifecycle.ts';
import { configOrExit, createService, tokenFromFile } from '../runtime/service.ts';
import { ticketHandlers } from './api/ticket-handlers.ts';
import { readMatchmakerConfig } from './config.ts';
import { createKnownBuilds } from './known-builds.ts';
import { createMatchmakerEvents } from './matchmaker-events.ts';
import type { MatchmakerParts } from './moves/matchmaker-parts.ts';
import { createMatchDriver } from './rounds/match-driver.ts';
import { matchmakingLoop } from './rounds/matchmaking-loop.ts';
import { openMatchmakerStore } from './store/matchmaker-store.ts';
import { createTicketNews } from './ticket-news.ts';

const config = configOrExit(readMatchmakerConfig, process);
const service = createService('matchmaker', config);

const mongo = await connectMongo(config.MONGO_URL, config.MONGO_DATABASE, { caFile: config.TLS_CA_FILE, log: service.log });
service.lifecycle.onClose('mongo', () => mongo.close());
service.readiness.check('database', async () => {
  await mongo.ping();
  return undefined;
});

const allocator = createClient(allocatorApi, {
  baseUrl: config.ALLOCATOR_URL.replace(/\/$/, ''),
  send: service.send,
  token: tokenFromFile(config.SERVICE_TOKEN_FILE, Date.now),
});
const events = createMatchmakerEvents(service.registry, service.log);
const fleets = Object.values(config.MATCH_MODES).map(({ fleet }) => fleet);
const builds = createKnownBuilds({ allocator, fleets, unknown: (cause) => events.buildsUnknown(cause) });
service.lifecycle.run('builds', (signal) => builds.run(signal));
const parts: MatchmakerParts = {
  ...(await openMatchmakerStore(mongo.db)),
  modes: config.MATCH_MODES,
  allocator,
  builds,
  events,
  news: createTicketNews(),
  now: () => new Date(),
  mint: randomUUID,
  self: randomUUID(),
};
const driver = createMatchDriver(parts);
service.lifecycle.run('match driver', (signal) => driver.run(signal));
service.lifecycle.run('matchmaking', (signal) => matchmakingLoop(parts, driver, signal));
await service.serve(matchmakerApi, ticketHandlers(parts));
process.exitCode = await untilSignal(service.lifecycle, process);
