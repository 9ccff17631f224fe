/** The GameServer resource: its fields, its states, and the small questions that everybody asks about it. */
import type { Counters, GameServerState, Health, Lists, PlayerStatus } from '../../../sdk-bridge/solo/sidecar/sidecar-game-server.ts';
import type { KubeObject, ObjectMeta, Texts } from './object-meta.ts';

export const AGONES_API_VERSION = 'agones.dev/v1';
/** The release that the stand-in mimics. */
export const AGONES_VERSION = '1.61.0';

export const FLEET_LABEL = 'agones.dev/fleet';
export const GAME_SERVER_SET_LABEL = 'agones.dev/gameserverset';
export const GAME_SERVER_LABEL = 'agones.dev/gameserver';
export const DEV_ADDRESS_ANNOTATION = 'agones.dev/dev-address';
export const SDK_VERSION_ANNOTATION = 'agones.dev/sdk-version';
export const CONTROLLER_FINALIZER = 'agones.dev/controller';

export type PortPolicy = 'Dynamic' | 'Static' | 'Passthrough' | 'None';
export type PortProtocol = 'UDP' | 'TCP' | 'TCPUDP';
export type Scheduling = 'Packed' | 'Distributed';

export interface GameServerPort {
  readonly name?: string;
  readonly range?: string;
  readonly portPolicy?: PortPolicy;
  readonly container?: string;
  readonly containerPort?: number;
  readonly hostPort?: number;
  readonly protocol?: PortProtocol;
}

export interface ContainerPort {
  readonly containerPort?: number;
  readonly hostPort?: number;
  readonly protocol?: string;
}

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly env?: readonly Readonly<Record<string, unknown>>[];
  readonly ports?: readonly ContainerPort[];
  readonly volumeMounts?: readonly Readonly<Record<string, unknown>>[];
  readonly livenessProbe?: Readonly<Record<string, unknown>>;
  readonly resources?: {
    readonly requests?: Readonly<Record<string, string | number>>;
    readonly limits?: Readonly<Record<string, string | number>>;
  };
  readonly [field: string]: unknown;
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
  readonly serviceAccountName?: string;
  readonly nodeName?: string;
  readonly affinity?: Readonly<Record<string, unknown>>;
  readonly tolerations?: readonly Readonly<Record<string, unknown>>[];
  readonly restartPolicy?: string;
  readonly [field: string]: unknown;
}

export interface PodTemplate {
  readonly metadata?: { readonly labels?: Texts; readonly annotations?: Texts };
  readonly spec: PodSpec;
}

export interface GameServerSpec {
  readonly container?: string;
  readonly ports?: readonly GameServerPort[];
  readonly health?: Health;
  readonly scheduling?: Scheduling;
  readonly sdkServer?: { readonly logLevel?: string; readonly grpcPort?: number; readonly httpPort?: number };
  readonly eviction?: { readonly safe?: 'Always' | 'OnUpgrade' | 'Never' };
  readonly counters?: Counters;
  readonly lists?: Lists;
  readonly immutableReplicas?: number;
  readonly template: PodTemplate;
}

export interface NodeAddress {
  readonly type: string;
  readonly address: string;
}

export interface GameServerStatus {
  readonly state: GameServerState;
  readonly ports?: readonly { readonly name: string; readonly port: number }[] | null;
  readonly address?: string;
  readonly addresses?: readonly NodeAddress[] | null;
  readonly nodeName?: string;
  readonly reservedUntil?: string | null;
  readonly players?: PlayerStatus | null;
  readonly counters?: Counters;
  readonly lists?: Lists;
  readonly eviction?: { readonly safe?: string };
  readonly immutableReplicas?: number;
}

export interface GameServer extends KubeObject {
  readonly metadata: ObjectMeta;
  readonly spec: GameServerSpec;
  /** Missing for the moment between a write that went past the webhook and its repair. */
  readonly status?: GameServerStatus;
}

export const stateOf = (gameServer: GameServer): GameServerState | '' => gameServer.status?.state ?? '';

/** Being taken away: deleted, or about to be. */
export const isBeingDeleted = (gameServer: GameServer): boolean =>
  gameServer.metadata.deletionTimestamp !== undefined || stateOf(gameServer) === 'Shutdown';

export const devAddressOf = (gameServer: GameServer): string | undefined => gameServer.metadata.annotations?.[DEV_ADDRESS_ANNOTATION];

/** The same game server with some of its status changed. */
export const withStatus = (gameServer: GameServer, changes: Partial<GameServerStatus>): GameServer => ({
  ...gameServer,
  status: { ...(gameServer.status ?? { state: 'Creating' }), ...changes },
});
