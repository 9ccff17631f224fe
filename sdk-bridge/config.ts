/** The bridge's environment, typed. Ports and names come from the pod: Agones sets the upstream ports itself. */
import { z } from 'zod';
import { logEnv, readConfig } from '../runtime/config.ts';

const Port = z.coerce.number().int().min(0).max(65_535);
const Milliseconds = z.coerce.number().int().min(1);
const Url = z.string().regex(/^https?:\/\/[^/]+$/, 'is an origin such as https://host:port, without a path');

const Env = z.object({
  ...logEnv,
  ALLOCATOR_URL: Url.describe('origin of the allocator'),
  SAVES_URL: Url.describe('origin of the saves service'),
  BACKEND_CA_FILE: z.string().optional().describe('PEM certificates trusted beside the public ones'),
  TOKEN_FILE: z.string().describe('projected service account token with the audience lifeverse'),
  POD_NAME: z.string().min(1).describe("the pod's name, which is the game server's"),
  POD_NAMESPACE: z.string().min(1).describe("the pod's namespace"),
  AGONES_SDK_GRPC_PORT: Port.default(9457).describe("gRPC port of Agones' own sidecar"),
  AGONES_SDK_HTTP_PORT: Port.default(9458).describe("HTTP port of Agones' own sidecar"),
  BRIDGE_GRPC_PORT: Port.default(9357).describe('gRPC port of the bridge'),
  BRIDGE_HTTP_PORT: Port.default(9358).describe('HTTP port of the bridge'),
  OPS_HOST: z.string().default('127.0.0.1').describe('address of the ops port, for Prometheus; another than loopback with TLS only'),
  OPS_PORT: Port.default(9359).describe('port for metrics; 0 takes a free one'),
  OPS_TLS_DIR: z.string().optional().describe('folder with tls.crt and tls.key for the ops port'),
  CGROUP_ROOT: z.string().default('/sys/fs/cgroup').describe('where the control groups of the machine are mounted'),
  SPOOL_DIR: z.string().min(1).describe('folder that outlives a restart of this container'),
  SPOOL_MAX_MB: z.coerce
    .number()
    .min(0.01)
    .default(512)
    .describe('most that waits for the saves service on disk, in MB; beyond it entries are refused'),
  SAVES_FAULT_MS: Milliseconds.default(10_000).describe(
    'milliseconds for which saves may fail on one and the same entry before it is asked to keep its place empty',
  ),
  GAME_LOG_FILE: z.string().optional().describe("the game server's log, on a volume that both mount; its end is kept when it dies"),
  GAME_CRASH_DIR: z.string().optional().describe('folder in which the game server leaves dumps, on such a volume'),
  GAME_LOOK_MS: Milliseconds.default(250).describe("milliseconds between two looks at the game server's process"),
  HEALTH_BEAT_MS: Milliseconds.default(2_000).describe('milliseconds between two beats towards Agones'),
  HEALTH_LOADING_MS: Milliseconds.default(120_000).describe('oldest frame while a map is loaded, in milliseconds'),
  HEALTH_PLAYING_MS: Milliseconds.default(20_000).describe('oldest frame otherwise, in milliseconds'),
  HEALTH_PING_MS: Milliseconds.default(15_000).describe(
    'oldest Agones ping of a game server without the LifeVerse plugin, in milliseconds',
  ),
  SEAT_GRACE_MS: Milliseconds.default(120_000).describe('how long an absent player keeps the seat, in milliseconds'),
  FLUSH_MS: Milliseconds.default(20_000).describe('longest wait for entries to become durable at the end of a session, in milliseconds'),
  STOP_FLUSH_MS: Milliseconds.default(15_000).describe('the same when the pod is stopped, in milliseconds'),
  LEASE_LOST_MS: Milliseconds.default(5_000).describe('milliseconds between a lost world lease and the end of the session'),
});
export type BridgeConfig = z.output<typeof Env>;

/** @throws ConfigError with every fault. */
export function readBridgeConfig(env: NodeJS.ProcessEnv): BridgeConfig {
  return readConfig(Env, env);
}
