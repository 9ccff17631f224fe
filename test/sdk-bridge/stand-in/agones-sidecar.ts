/**
 * Agones' sidecar as the local stand-in has it, over a game server that lives in memory: no API server, no controllers but the one step from
 * RequestReady to Ready. Both faces, and the half second in which it queues.
 */
import { SILENT_LOG } from '../../../runtime/log.ts';
import type { OwnGameServer } from '../../../sdk-bridge/solo/sidecar/own-game-server.ts';
import { SdkServer } from '../../../sdk-bridge/solo/sidecar/sdk-server.ts';
import { serveFaces, type FacePorts, type ServedFaces } from '../../../sdk-bridge/solo/sidecar/serve-faces.ts';
import type { GameServerState, SidecarChange, SidecarGameServer } from '../../../sdk-bridge/solo/sidecar/sidecar-game-server.ts';
import { withChange } from '../../../sdk-bridge/solo/sidecar/with-change.ts';
import { afterMs, type Later } from '../../../sdk-bridge/solo/sidecar/write-queue.ts';
import { writtenByHand } from './written-by-hand.ts';

export interface Sidecar {
  /** Of gRPC. */
  readonly port: number;
  readonly httpPort: number;
  /** Every state call that arrived. */
  readonly calls: string[];
  /** Moments of health pings. */
  readonly beats: number[];
  state(): string;
  /** As the allocator does: labels and state in one write. */
  allocate(labels: Record<string, string>): void;
  become(state: string): void;
  /** As the allocator does later. */
  annotate(annotations: Record<string, string>): void;
  /** From now on what is asked for waits, until what is returned is called: that has it written. */
  hold(): () => void;
  /** Cuts every stream and stops listening, what is queued is lost; `start` comes back on the same ports. */
  stop(): Promise<void>;
  start(): Promise<void>;
  labels(): Record<string, string>;
}

const inTime = afterMs(500);

export async function startSidecar(name: string, playerTracking = false): Promise<Sidecar> {
  const calls: string[] = [];
  const beats: number[] = [];
  const own = ownInMemory(name);
  let ports: FacePorts = { grpc: 0, http: 0 };
  let held: Later | undefined;
  let running: { faces: ServedFaces; ending: AbortController } | undefined;

  class Watched extends SdkServer {
    override ready(): void {
      calls.push('RequestReady');
      super.ready();
    }
    override allocate(): void {
      calls.push('Allocated');
      super.allocate();
    }
    override shutdown(): void {
      calls.push('Shutdown');
      super.shutdown();
    }
    override reserve(seconds: number): void {
      calls.push('Reserved');
      super.reserve(seconds);
    }
    override ping(): void {
      beats.push(Date.now());
      super.ping();
    }
  }

  const start = async () => {
    const ending = new AbortController();
    const now = () => new Date();
    const parts = {
      own,
      events: { tell: () => {} },
      log: SILENT_LOG,
      now,
      writeLater: (act: () => void) => (held ?? inTime)(act),
      playerTracking,
      signal: ending.signal,
    };
    const faces = await serveFaces(new Watched(parts), ports);
    ({ ports } = faces);
    running = { faces, ending };
  };
  await start();

  return {
    get port() {
      return ports.grpc;
    },
    get httpPort() {
      return ports.http;
    },
    calls,
    beats,
    state: () => own.current.status?.state ?? '',
    labels: () => ({ ...own.current.metadata.labels }),
    become: (state) => own.write({ status: { state: state as GameServerState } }),
    annotate: (annotations) => own.annotate(annotations),
    allocate: (marks) => own.write({ labels: marks, status: { state: 'Allocated' } }),
    hold: () => {
      const hand = writtenByHand();
      held = hand.later;
      return () => {
        held = undefined;
        hand.write();
      };
    },
    stop: async () => {
      running?.ending.abort();
      running?.faces.close();
      running = undefined;
    },
    start,
  };
}

interface OwnInMemory extends OwnGameServer {
  write(change: SidecarChange): void;
  /** Takes those away that are not among them, as somebody else than a sidecar may. */
  annotate(annotations: Readonly<Record<string, string>>): void;
}

function ownInMemory(name: string): OwnInMemory {
  let current: SidecarGameServer = {
    metadata: { name, namespace: 'default', uid: 'u', resourceVersion: '1', generation: 1, labels: {}, annotations: {} },
    spec: {},
    status: { state: 'Scheduled', address: '127.0.0.1' },
  };
  const listeners = new Set<(gameServer: SidecarGameServer) => void>();
  const store = (made: SidecarGameServer) => {
    const version = Number(current.metadata.resourceVersion) + 1;
    current = { ...made, metadata: { ...made.metadata, resourceVersion: String(version), generation: version } };
    for (const listener of listeners) listener(current);
    // The controller's part.
    if (current.status?.state === 'RequestReady') write({ status: { state: 'Ready' } });
  };
  const write = (change: SidecarChange): void => store(withChange(current, change));
  return {
    get current() {
      return current;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    change: async (make) => write(make(current)),
    write,
    annotate: (annotations) => store({ ...current, metadata: { ...current.metadata, annotations } }),
  };
}
