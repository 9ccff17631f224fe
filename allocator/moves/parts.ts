/** What every move needs of the rest. */
import type { Log } from '../../runtime/log.ts';
import type { OpenBuilds } from '../builds/open-builds.ts';
import type { AgonesCluster } from '../clusters/agones-cluster.ts';
import type { AllocatorMetrics } from '../metrics.ts';
import type { Allocations } from '../store/allocations.ts';
import type { MaintenanceWindows } from '../store/maintenance-windows.ts';

/** The world's one writer, at the saves service. */
export interface WorldLeases {
  /**
   * Fences every earlier holder. @param madeAt of the session. @throws AppError when saves is away, or a later session holds it.
   * Returns the epoch.
   */
  take(world: string, holder: { uid: string; attempt: number }, madeAt: Date): Promise<number>;
}

export interface MoveParts {
  readonly allocations: Allocations;
  /** By name. */
  readonly clusters: ReadonlyMap<string, AgonesCluster>;
  readonly worldLeases: WorldLeases;
  readonly windows: Pick<MaintenanceWindows, 'open' | 'refresh'>;
  readonly builds: Pick<OpenBuilds, 'closedNow'>;
  readonly metrics: AllocatorMetrics;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Label value on our game servers. */
  readonly owner: string;
  /** Name of this process among the allocators. */
  readonly worker: string;
  /** Longest that a cluster may take to answer an ask. */
  readonly askMs: number;
  /** A bound server must be joinable within this. */
  readonly acceptMs: number;
  /** Gives an allocation a turn soon; never rejects. */
  readonly turn: (uid: string) => void;
  /** Tells those who hold the line of a change that was no move: the store tells of moves itself. */
  readonly changed: (uid: string) => void;
}
