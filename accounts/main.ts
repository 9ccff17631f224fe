/** Accounts: config → parts → run until a signal. */
import { accountsApi } from '../contracts/accounts.ts';
import { connectMongo } from '../runtime/documents/mongo.ts';
import { untilSignal } from '../runtime/lifecycle.ts';
import { configOrExit, createService } from '../runtime/service.ts';
import { createAccountsEvents } from './accounts-events.ts';
import { accountsHandlers } from './api/accounts-handlers.ts';
import { createBetterAuth, ensureAccountIndexes } from './better-auth.ts';
import { readAccountsConfig } from './config.ts';

const config = configOrExit(readAccountsConfig, process);
const service = createService('accounts', config);
const { lifecycle, log, readiness } = service;

const mongo = await connectMongo(config.MONGO_URL, config.MONGO_DATABASE, { caFile: config.TLS_CA_FILE, log });
lifecycle.onClose('mongo', () => mongo.close());
readiness.check('mongo', async () => {
  await mongo.ping();
  return undefined;
});
await ensureAccountIndexes(mongo.db);

const auth = createBetterAuth({ db: mongo.db, issuer: config.ACCOUNTS_ISSUER, secret: config.ACCOUNTS_SECRET, log });
await service.serve(accountsApi, accountsHandlers(auth, createAccountsEvents(service.registry, log)));

process.exitCode = await untilSignal(lifecycle, process);
