/** A GameServer as far as Agones' sidecar reads and changes it. That of a cluster has more. */

export type GameServerState =
  | 'PortAllocation'
  | 'Creating'
  | 'Starting'
  | 'Scheduled'
  | 'RequestReady'
  | 'Ready'
  | 'Reserved'
  | 'Allocated'
  | 'Shutdown'
  | 'Error'
  | 'Unhealthy';

export interface Health {
  readonly disabled?: boolean;
  readonly periodSeconds?: number;
  readonly failureThreshold?: number;
  readonly initialDelaySeconds?: number;
}

export interface CounterStatus {
  readonly count?: number;
  readonly capacity?: number;
}

export interface ListStatus {
  readonly capacity?: number;
  readonly values?: readonly string[];
}

export type Counters = Readonly<Record<string, CounterStatus>>;
export type Lists = Readonly<Record<string, ListStatus>>;

export interface PlayerStatus {
  readonly count: number;
  readonly capacity: number;
  readonly ids: readonly string[] | null;
}

interface SidecarStatus {
  readonly state: GameServerState;
  readonly address?: string;
  readonly addresses?: readonly { readonly type: string; readonly address: string }[] | null;
  readonly ports?: readonly { readonly name: string; readonly port: number }[] | null;
  readonly reservedUntil?: string | null;
  readonly players?: PlayerStatus | null;
  readonly counters?: Counters;
  readonly lists?: Lists;
}

type Texts = Readonly<Record<string, string>>;

export interface SidecarGameServer {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Texts;
    readonly annotations?: Texts;
  };
  readonly spec: { readonly health?: Health };
  readonly status?: SidecarStatus;
}

/** What the sidecar writes: these labels and annotations beside those that are there, these fields of the status in place of theirs. */
export interface SidecarChange {
  readonly labels?: Texts;
  readonly annotations?: Texts;
  readonly status?: Partial<SidecarStatus>;
}

export const LAST_ALLOCATED_ANNOTATION = 'agones.dev/last-allocated';
/** Labels and annotations that a game sets through its SDK start with this. */
export const SDK_METADATA_PREFIX = 'agones.dev/sdk-';
