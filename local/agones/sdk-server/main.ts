/** The sidecar of one game server, as a process of its own. See `sdk-options.ts` for its flags and environment. */
import { randomBytes } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import { ServerCredentials } from '@grpc/grpc-js';

import { grpcFace } from '../../../sdk-bridge/solo/sidecar/grpc-face.ts';
import { restFace } from '../../../sdk-bridge/solo/sidecar/rest-face.ts';
import { afterMs } from '../../../sdk-bridge/solo/sidecar/write-queue.ts';
import { SdkServer } from '../../../sdk-bridge/solo/sidecar/sdk-server.ts';
import { EventRecorder } from '../controllers/event-recorder.ts';
import { KubeClient } from '../kube/kube-client.ts';
import { readKubeConnection } from '../kube/kube-connection.ts';
import { jsonLog } from '../log.ts';
import { healthFace } from './health-face.ts';
import { OwnGameServer } from './own-game-server.ts';
import { parseSdkOptions, type SdkOptions } from './sdk-options.ts';

const now = (): Date => new Date();
const log = jsonLog((line) => process.stdout.write(line), now, { service: 'agones-sdk' });
const parsed = parseSdkOptions(process.argv.slice(2), process.env);
if ('faults' in parsed) {
  for (const fault of parsed.faults) log.error('a setting is wrong', { fault });
  process.exitCode = 2;
} else {
  await run(parsed.options).catch((error: unknown) => {
    log.error('the sidecar could not start', { error });
    process.exitCode = 1;
  });
}

async function run(options: SdkOptions): Promise<void> {
  const ending = new AbortController();
  const { signal } = ending;
  const client = new KubeClient(await readKubeConnection(options.kubeconfig));
  const events = new EventRecorder(client, 'gameserver-sidecar', log, now, () => randomBytes(8).toString('hex'));
  const stop = (name: string): void => {
    log.info('the sidecar ends', { signal: name });
    ending.abort();
    // As the real one with native sidecars: it goes at once, and what waits to be written is lost.
    process.exit(0);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  const own = await OwnGameServer.follow(client, options.namespace, options.gameServer, log, signal);
  const sdk = new SdkServer({
    own,
    events: { tell: (told) => events.tell(own.current, told) },
    log,
    now,
    writeLater: afterMs(options.writeDelayMs),
    playerTracking: options.playerTracking,
    countsAndLists: options.countsAndLists,
    signal,
  });
  const rest = restFace(sdk);
  const health = healthFace(sdk);
  const grpc = grpcFace(sdk);
  await listen(rest, options.httpPort, options.address);
  await listen(health, options.healthPort, options.address);
  await new Promise<void>((resolve, reject) => {
    grpc.bindAsync(`${options.address}:${options.grpcPort}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  log.info('the sidecar serves', { gameServer: options.gameServer, grpcPort: options.grpcPort, httpPort: options.httpPort });
  signal.addEventListener('abort', () => {
    grpc.forceShutdown();
    for (const server of [rest, health]) {
      server.close();
      server.closeAllConnections();
    }
    client.close();
  });
}

function listen(server: HttpServer, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
}
