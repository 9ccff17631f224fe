/** Agones' sidecar of the invented game server: its gRPC and its REST, for the bridge of the same process and nobody else. */
import type { Log } from '../../runtime/log.ts';
import type { FeatureGates } from './sidecar/feature-gates.ts';
import { SdkServer } from './sidecar/sdk-server.ts';
import { afterMs } from './sidecar/write-queue.ts';
import { serveFaces, type FacePorts, type ServedFaces } from './sidecar/serve-faces.ts';
import type { SoloGameServer } from './solo-game-server.ts';

export interface SoloAgones {
  readonly grpcPort: number;
  readonly httpPort: number;
  isHere(): boolean;
  /** Of the newest health ping that came to this sidecar, in milliseconds since the epoch. */
  lastBeatAt(): number | undefined;
  /** Another sidecar: every watch begins anew, and what was queued is lost. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Agones' sidecar gathers changes for half a second; here nobody needs to wait for a cluster. */
const WRITE_DELAY_MS = 50;

interface Running {
  readonly sdk: SdkServer;
  readonly faces: ServedFaces;
  readonly ending: AbortController;
}

/** @param now milliseconds since the epoch. */
export async function startSoloAgones(gameServer: SoloGameServer, gates: FeatureGates, log: Log, now: () => number): Promise<SoloAgones> {
  let ports: FacePorts = { grpc: 0, http: 0 };
  let running: Running | undefined;

  const start = async () => {
    if (running !== undefined) return;
    const ending = new AbortController();
    const sdk = new SdkServer({
      own: gameServer,
      events: { tell: ({ reason, message }) => log.info('Agones tells', { reason, event: message }) },
      log,
      now: () => new Date(now()),
      writeLater: afterMs(WRITE_DELAY_MS),
      ...gates,
      signal: ending.signal,
    });
    const faces = await serveFaces(sdk, ports);
    ({ ports } = faces);
    running = { sdk, faces, ending };
  };
  const stop = async () => {
    running?.ending.abort();
    running?.faces.close();
    running = undefined;
  };
  await start();
  return {
    get grpcPort() {
      return ports.grpc;
    },
    get httpPort() {
      return ports.http;
    },
    isHere: () => running !== undefined,
    lastBeatAt: () => running?.sdk.lastPing,
    stop,
    start,
    restart: async () => {
      await stop();
      await start();
    },
  };
}
