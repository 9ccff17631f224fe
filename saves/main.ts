/** The saves service: what worlds and players keep between sessions. */
import { randomUUID } from 'node:crypto';
import { savesApi } from '../contracts/saves.ts';
import { connectMongo } from '../runtime/documents/mongo.ts';
import { untilSignal } from '../runtime/lifecycle.ts';
import { configOrExit, createService } from '../runtime/service.ts';
import { savesHandlers } from './api/saves-handlers.ts';
import { readSavesConfig } from './config.ts';
import { createSavesEvents } from './saves-events.ts';
import { openSavesStore } from './store/saves-store.ts';

const config = configOrExit(readSavesConfig, process);
const service = createService('saves', config);

const mongo = await connectMongo(config.MONGO_URL, config.MONGO_DATABASE, { caFile: config.TLS_CA_FILE, log: service.log });
service.lifecycle.onClose('mongo', () => mongo.close());
service.readiness.check('database', async () => {
  await mongo.ping();
  return undefined;
});

const store = await openSavesStore(mongo.db);
const events = createSavesEvents(service.registry, service.log);
await service.serve(savesApi, savesHandlers({ ...store, events, now: () => new Date(), mint: randomUUID }));
process.exitCode = await untilSignal(service.lifecycle, process);
