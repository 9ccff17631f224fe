/** The invented game server, which the keeper holds: what a cluster would be asked for, and Agones' controller as far as it is needed. */
import { AgonesState, type SoloState } from '../../contracts/bridge-solo.ts';
import type { Listener, OwnGameServer } from './sidecar/own-game-server.ts';
import type { SidecarChange, SidecarGameServer } from './sidecar/sidecar-game-server.ts';
import { withChange } from './sidecar/with-change.ts';
import { SoloCounters, SoloLists } from './solo-spec.ts';
import { gameServerOf, type SoloKeeper, type SoloKept } from './solo-kept.ts';

type State = SoloState['agones']['state'];

export interface SoloGameServer extends OwnGameServer {
  /** As an allocation, or the allocator later: labels, annotations and state in one write. Kept when it resolves. */
  write(change: SidecarChange & { readonly deletedAt?: number }): Promise<void>;
  /** Calls back when the state is another. */
  onState(listener: (state: State) => void): void;
}

export function createSoloGameServer(keeper: SoloKeeper): SoloGameServer {
  const listeners = new Set<Listener>();
  const stateListeners: ((state: State) => void)[] = [];
  const current = () => gameServerIn(keeper.current());

  const write: SoloGameServer['write'] = async ({ deletedAt, ...change }) => {
    const before = keeper.current().agones.state;
    const { metadata, status } = withChange(current(), change);
    const state = AgonesState.parse(status?.state);
    const kept = keeper.change(({ agones, ...rest }) => ({
      ...rest,
      agones: {
        state,
        version: agones.version + 1,
        labels: { ...metadata.labels },
        annotations: { ...metadata.annotations },
        deletedAt: deletedAt ?? agones.deletedAt,
        reservedUntil: status?.reservedUntil ?? null,
        counters: SoloCounters.parse(status?.counters),
        lists: SoloLists.parse(status?.lists),
        players: status?.players ?? null,
      },
    }));
    for (const listener of listeners) listener(current());
    if (state !== before) for (const listener of stateListeners) listener(state);
    await kept;
    // The controller's part, which has nothing to wait for here.
    if (state === 'RequestReady') await write({ status: { state: 'Ready' } });
  };

  return {
    get current() {
      return current();
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    // Nobody else writes between what `make` sees and what is kept.
    change: (make) => write(make(current())),
    write,
    onState: (listener) => void stateListeners.push(listener),
  };
}

function gameServerIn(kept: SoloKept): SidecarGameServer {
  const { version, labels, annotations, deletedAt, state, reservedUntil, counters, lists, players } = kept.agones;
  const name = gameServerOf(kept);
  return {
    metadata: {
      name,
      namespace: 'solo',
      uid: name,
      resourceVersion: String(version),
      generation: version,
      labels,
      annotations,
      ...(deletedAt === 0 ? {} : { deletionTimestamp: new Date(deletedAt * 1_000).toISOString() }),
    },
    spec: { health: { periodSeconds: 5, failureThreshold: 3, initialDelaySeconds: 5 } },
    status: { state, address: '127.0.0.1', reservedUntil, counters, lists, players },
  };
}
