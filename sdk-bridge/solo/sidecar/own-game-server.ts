import type { SidecarChange, SidecarGameServer } from './sidecar-game-server.ts';

export type Listener = (gameServer: SidecarGameServer) => void;

/** Where the game server is kept: a cluster, or the memory of one process. */
export interface OwnGameServer {
  readonly current: SidecarGameServer;
  /** Hears of every change from now on; what is returned ends that. */
  onChange(listener: Listener): () => void;
  /** `make` is asked anew where somebody else was quicker. */
  change(make: (current: SidecarGameServer) => SidecarChange, signal: AbortSignal): Promise<void>;
}
