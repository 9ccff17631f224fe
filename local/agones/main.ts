/** The stand-in for Agones as a process of its own, one per cluster. See `config.ts` for its environment. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { parseStandInConfig, type StandInConfig } from './config.ts';
import { readKubeConnection } from './kube/kube-connection.ts';
import { jsonLog } from './log.ts';
import { startStandIn } from './stand-in.ts';

const now = (): Date => new Date();
const log = jsonLog((line) => process.stdout.write(line), now, { service: 'agones' });
const parsed = parseStandInConfig(process.env);
if ('faults' in parsed) {
  for (const fault of parsed.faults) log.error('a setting is wrong', { fault });
  process.exitCode = 2;
} else {
  await run(parsed.config).catch((error: unknown) => {
    log.error('the stand-in could not start', { error });
    process.exitCode = 1;
  });
}

async function run(config: StandInConfig): Promise<void> {
  // From the beginning: whoever reads that it serves may end it at once.
  const { promise: told, resolve: tell } = Promise.withResolvers<NodeJS.Signals>();
  process.once('SIGTERM', tell);
  process.once('SIGINT', tell);
  let serves = false;
  void told.then(() => {
    // Nobody uses it yet.
    if (!serves) process.exit(0);
  });
  const standIn = await startStandIn({
    connection: await readKubeConnection(config.kubeconfig, config.context),
    port: config.port,
    certificate: { cert: await readFile(config.certFile, 'utf8'), key: await readFile(config.keyFile, 'utf8') },
    caBundle: await readFile(config.caFile, 'utf8'),
    hostPorts: config.hostPorts,
    batchWaitMs: config.batchWaitMs,
    gameNamespaces: config.gameNamespaces,
    log,
    chance: { now, random: Math.random, newSuffix: () => randomBytes(8).toString('hex') },
  });
  serves = true;
  log.info('the stand-in ends', { signal: await told });
  await standIn.stop();
}
