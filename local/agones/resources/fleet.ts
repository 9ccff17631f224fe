/** Fleet, GameServerSet and FleetAutoscaler, as far as the stand-in reads and writes them. */
import type { GameServerSpec, Scheduling } from './game-server.ts';
import type { KubeObject, Texts } from './object-meta.ts';

export interface GameServerTemplate {
  readonly metadata?: { readonly labels?: Texts; readonly annotations?: Texts };
  readonly spec: GameServerSpec;
}

export interface AllocationOverflow {
  readonly labels?: Texts;
  readonly annotations?: Texts;
}

export interface Priority {
  readonly type?: string;
  readonly key?: string;
  readonly order?: string;
}

export type IntOrPercent = number | string;

export interface FleetSpec {
  /** Left out by the API when it is 0 and was scaled by the scale subresource of a Go client. */
  readonly replicas?: number;
  readonly scheduling?: Scheduling;
  readonly allocationOverflow?: AllocationOverflow;
  readonly priorities?: readonly Priority[];
  readonly strategy?: {
    readonly type?: 'Recreate' | 'RollingUpdate';
    readonly rollingUpdate?: { readonly maxSurge?: IntOrPercent; readonly maxUnavailable?: IntOrPercent };
  };
  readonly template: GameServerTemplate;
}

export interface AggregatedCount {
  readonly allocatedCount: number;
  readonly allocatedCapacity: number;
  readonly count: number;
  readonly capacity: number;
}

export interface ReplicaCounts {
  readonly replicas: number;
  readonly readyReplicas: number;
  readonly reservedReplicas: number;
  readonly allocatedReplicas: number;
  readonly counters?: Readonly<Record<string, AggregatedCount>>;
  readonly lists?: Readonly<Record<string, AggregatedCount>>;
}

export interface FleetStatus extends ReplicaCounts {
  /** How often a game server of the fleet became Allocated, ever. */
  readonly allocations: number;
}

export interface Fleet extends KubeObject {
  readonly spec: FleetSpec;
  readonly status?: FleetStatus;
}

export interface GameServerSetStatus extends ReplicaCounts {
  readonly shutdownReplicas: number;
}

export interface GameServerSet extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly scheduling?: Scheduling;
    readonly allocationOverflow?: AllocationOverflow;
    readonly priorities?: readonly Priority[];
    readonly template: GameServerTemplate;
  };
  readonly status?: GameServerSetStatus;
}

export interface BufferPolicy {
  readonly bufferSize?: IntOrPercent;
  readonly minReplicas?: number;
  readonly maxReplicas?: number;
}

/** Of a counter or a list. */
export interface CapacityPolicy {
  readonly key: string;
  readonly bufferSize?: IntOrPercent;
  readonly minCapacity?: number;
  readonly maxCapacity: number;
}

export interface WebhookPolicy {
  readonly url?: string;
  readonly service?: {
    readonly name: string;
    readonly namespace: string;
    readonly path?: string;
    readonly port?: number;
  };
  readonly caBundle?: string;
}

export interface SchedulePolicy {
  readonly between?: { readonly start?: string | null; readonly end?: string | null };
  readonly activePeriod?: {
    readonly timezone?: string;
    readonly startCron?: string;
    /** As Go writes one: `1h30m`. */
    readonly duration?: string;
  };
  readonly policy: FleetAutoscalerPolicy;
}

export interface FleetAutoscalerPolicy {
  readonly type?: string;
  readonly buffer?: BufferPolicy;
  readonly webhook?: WebhookPolicy;
  readonly counter?: CapacityPolicy;
  readonly list?: CapacityPolicy;
  readonly schedule?: SchedulePolicy;
  readonly chain?: readonly ChainEntry[];
  readonly [field: string]: unknown;
}

export interface ChainEntry extends FleetAutoscalerPolicy {
  readonly id?: string;
}

export interface FleetAutoscaler extends KubeObject {
  readonly spec: {
    readonly fleetName: string;
    readonly policy: FleetAutoscalerPolicy;
    readonly sync?: { readonly type?: string; readonly fixedInterval?: { readonly seconds?: number } };
  };
  readonly status?: {
    readonly currentReplicas?: number;
    readonly desiredReplicas?: number;
    readonly lastScaleTime?: string | null;
    readonly ableToScale?: boolean;
    readonly scalingLimited?: boolean;
    readonly lastAppliedPolicy?: string;
  };
}
