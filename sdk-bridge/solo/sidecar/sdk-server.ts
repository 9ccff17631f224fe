/** What the SDK does, whichever of its faces asked (rules as recorded in `sdk-grpc.json` and `sdk-watch.json`). */
import type { Log } from '../../../runtime/log.ts';
import {
  counterAskBeyond,
  counterWith,
  listAskBeyond,
  listWith,
  withCounterAsk,
  withValueAdded,
  withValueRemoved,
  type Counter,
  type CounterAsk,
  type List,
  type ListAsk,
} from './counts.ts';
import { HealthJudge } from './health.ts';
import { labelValueFaults, qualifiedNameFaults } from './metadata-faults.ts';
import type { Listener, OwnGameServer } from './own-game-server.ts';
import { PlayerTracking } from './player-tracking.ts';
import { invalidArgument, unknown } from './sdk-error.ts';
import {
  LAST_ALLOCATED_ANNOTATION,
  SDK_METADATA_PREFIX,
  type CounterStatus,
  type GameServerState,
  type ListStatus,
  type SidecarGameServer,
} from './sidecar-game-server.ts';
import { WriteQueue, type Later, type WriteKind } from './write-queue.ts';

export interface SdkParts {
  readonly own: OwnGameServer;
  /** As `kubectl describe` shows them. */
  readonly events: { tell(told: { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string }): void };
  readonly log: Pick<Log, 'warn'>;
  readonly now: () => Date;
  /** When what was asked for is written: half a second later with the real sidecar. */
  readonly writeLater: Later;
  /** The gates of these names: an alpha, off by default, and a beta, on by default. */
  readonly playerTracking?: boolean;
  readonly countsAndLists?: boolean;
  readonly signal: AbortSignal;
}

/** From these there is no way back by the SDK. */
const LAST: ReadonlySet<string> = new Set<GameServerState>(['Unhealthy', 'Shutdown']);
/** An update of a list is sent to a fleet that the real sidecar never finds (its issue 4680). */
const NO_FLEET = 'no gameservers for fleet';

export class SdkServer {
  readonly players: PlayerTracking;
  readonly #parts: SdkParts;
  readonly #health: HealthJudge;
  readonly #queue: WriteQueue;
  readonly #labels = new Map<string, string>();
  readonly #annotations = new Map<string, string>();
  readonly #counters = new Map<string, CounterAsk>();
  readonly #lists = new Map<string, ListAsk>();
  /** While a write of counters is under way, what it goes by: its asks still pend, and would count twice on what it has made. */
  #countersBeforeWrite: Readonly<Record<string, CounterStatus>> | undefined;
  #wanted: GameServerState | undefined;
  #reserveSeconds = 0;
  #reserveTimer: NodeJS.Timeout | undefined;

  constructor(parts: SdkParts) {
    this.#parts = parts;
    this.#queue = new WriteQueue(parts.writeLater, (kind, signal) => this.#write(kind, signal), parts.log, parts.signal);
    const { spec, status } = parts.own.current;
    const { health } = spec;
    this.players = new PlayerTracking(parts.playerTracking === true, status?.players, () => this.#queue.ask('players'));
    this.#health = new HealthJudge(
      health,
      () => this.#ask('Unhealthy'),
      () => parts.now().getTime(),
    );
    parts.signal.addEventListener('abort', () => {
      this.#health.stop();
      clearTimeout(this.#reserveTimer);
    });
    this.#resumeReservation();
  }

  get gameServer(): SidecarGameServer {
    return this.#parts.own.current;
  }

  ready(): void {
    this.#endReservation();
    this.#ask('RequestReady');
  }

  allocate(): void {
    this.#endReservation();
    this.#ask('Allocated');
  }

  shutdown(): void {
    this.#endReservation();
    this.#ask('Shutdown');
  }

  /** Zero seconds: until something else is said. */
  reserve(seconds: number): void {
    this.#endReservation();
    this.#reserveSeconds = seconds;
    this.#ask('Reserved');
  }

  ping(): void {
    this.#health.ping();
  }

  /** When the game pinged last, in milliseconds since the epoch. */
  get lastPing(): number | undefined {
    return this.#health.lastPing;
  }

  /** The kubelet's question. */
  isHealthy(): boolean {
    return this.#health.isHealthy();
  }

  setLabel(key: string, value: string): void {
    refuseBadKey('label', key);
    const [fault] = labelValueFaults(value);
    if (fault !== undefined) {
      throw invalidArgument(`invalid label value ${JSON.stringify(value)} for key ${JSON.stringify(key)}: ${fault}`);
    }
    this.#labels.set(key, value);
    this.#queue.ask('labels');
  }

  setAnnotation(key: string, value: string): void {
    refuseBadKey('annotation', key);
    this.#annotations.set(key, value);
    this.#queue.ask('annotations');
  }

  /** Says the current form first, then every change, until the returned function is called. */
  watch(listener: Listener): () => void {
    listener(this.gameServer);
    return this.#parts.own.onChange(listener);
  }

  getCounter(name: string): Counter {
    return counterWith(this.#storedCounter(name), this.#counters.get(name));
  }

  updateCounter(name: string, asked: CounterAsk): Counter {
    const stored = this.#storedCounter(name);
    this.#counters.set(name, withCounterAsk(stored, this.#counters.get(name), asked, name));
    this.#queue.ask('counters');
    return this.getCounter(name);
  }

  getList(name: string): List {
    return listWith(this.#storedList(name), this.#lists.get(name));
  }

  addListValue(name: string, value: string): List {
    this.#lists.set(name, withValueAdded(this.#storedList(name), this.#lists.get(name), value, name));
    this.#queue.ask('lists');
    return this.getList(name);
  }

  /** The answer still holds the removed value, as the real one's does. */
  removeListValue(name: string, value: string): List {
    const before = this.getList(name);
    this.#lists.set(name, withValueRemoved(this.#storedList(name), this.#lists.get(name), value, name));
    this.#queue.ask('lists');
    return before;
  }

  updateList(): never {
    this.#insistOnCounts();
    throw unknown(NO_FLEET);
  }

  #storedCounter(name: string): CounterStatus {
    this.#insistOnCounts();
    const stored = (this.#countersBeforeWrite ?? this.gameServer.status?.counters)?.[name];
    if (stored === undefined) throw unknown(`counter not found: ${name}`);
    return stored;
  }

  #storedList(name: string): ListStatus {
    this.#insistOnCounts();
    const stored = this.gameServer.status?.lists?.[name];
    if (stored === undefined) throw unknown(`list not found: ${name}`);
    return stored;
  }

  #insistOnCounts(): void {
    if (this.#parts.countsAndLists === false) throw unknown('CountsAndLists not enabled');
  }

  /** A later wish takes the place of one that still waits: Shutdown and then Ready within the delay is Ready. */
  #ask(state: GameServerState): void {
    this.#wanted = state;
    this.#queue.ask('state');
  }

  #endReservation(): void {
    clearTimeout(this.#reserveTimer);
    this.#reserveSeconds = 0;
  }

  /** A sidecar that comes back goes on counting where the one before it stopped. */
  #resumeReservation(): void {
    const { reservedUntil, state } = this.gameServer.status ?? {};
    if (state !== 'Reserved' || reservedUntil === undefined || reservedUntil === null) return;
    this.#readyAfter(Date.parse(reservedUntil) - this.#parts.now().getTime());
  }

  #readyAfter(delayMs: number): void {
    this.#reserveTimer = setTimeout(() => this.ready(), Math.max(0, delayMs));
  }

  async #write(kind: WriteKind, signal: AbortSignal): Promise<void> {
    switch (kind) {
      case 'state':
        return this.#writeState(signal);
      case 'labels':
        return this.#parts.own.change(() => ({ labels: prefixed(this.#labels) }), signal);
      case 'annotations':
        return this.#parts.own.change(() => ({ annotations: prefixed(this.#annotations) }), signal);
      case 'counters':
        return this.#writeCounters(signal);
      case 'lists':
        return this.#writeLists(signal);
      case 'players':
        return this.#parts.own.change(() => ({ status: { players: this.players.status ?? null } }), signal);
    }
  }

  async #writeState(signal: AbortSignal): Promise<void> {
    const state = this.#wanted;
    if (state === undefined || LAST.has(this.gameServer.status?.state ?? '')) return;
    const seconds = state === 'Reserved' ? this.#reserveSeconds : 0;
    const now = this.#parts.now();
    const reservedUntil = seconds > 0 ? new Date(now.getTime() + seconds * 1_000).toISOString().replace(/\.\d+Z$/, 'Z') : null;
    const annotations = state === 'Allocated' ? { [LAST_ALLOCATED_ANNOTATION]: now.toISOString() } : {};
    await this.#parts.own.change(() => ({ status: { state, reservedUntil }, annotations }), signal);
    if (seconds > 0) this.#readyAfter(seconds * 1_000);
    const isUnhealthy = state === 'Unhealthy';
    const message = isUnhealthy ? 'Health check failure' : seconds > 0 ? `SDK state change, for ${seconds}s` : 'SDK state change';
    this.#parts.events.tell({ type: isUnhealthy ? 'Warning' : 'Normal', reason: state, message });
  }

  async #writeCounters(signal: AbortSignal): Promise<void> {
    const written = new Map(this.#counters);
    try {
      await this.#parts.own.change(({ status }) => {
        this.#countersBeforeWrite = status?.counters ?? {};
        const counters = { ...status?.counters };
        for (const [name, pending] of written) {
          const stored = counters[name];
          if (stored === undefined) continue;
          const { count, capacity } = counterWith(stored, pending);
          counters[name] = { count: Number(count), capacity: Number(capacity) };
        }
        return { status: { counters } };
      }, signal);
    } finally {
      this.#countersBeforeWrite = undefined;
    }
    settle(this.#counters, written, counterAskBeyond);
  }

  async #writeLists(signal: AbortSignal): Promise<void> {
    const written = new Map(this.#lists);
    await this.#parts.own.change(({ status }) => {
      const lists = { ...status?.lists };
      for (const [name, pending] of written) {
        const stored = lists[name];
        if (stored !== undefined) lists[name] = listWith(stored, pending);
      }
      return { status: { lists } };
    }, signal);
    settle(this.#lists, written, listAskBeyond);
  }
}

/** Takes what was written off what is pending; what came meanwhile stays. */
function settle<Ask>(pending: Map<string, Ask>, written: ReadonlyMap<string, Ask>, beyond: (now: Ask, was: Ask) => Ask): void {
  for (const [name, was] of written) {
    const now = pending.get(name);
    if (now === was || now === undefined) pending.delete(name);
    else pending.set(name, beyond(now, was));
  }
}

function refuseBadKey(what: 'label' | 'annotation', key: string): void {
  const faults = qualifiedNameFaults(key);
  if (faults.length > 0) throw invalidArgument(`invalid ${what} key ${JSON.stringify(key)}: ${faults.join(', ')}`);
}

const prefixed = (set: ReadonlyMap<string, string>): Readonly<Record<string, string>> =>
  Object.fromEntries([...set].map(([key, value]) => [`${SDK_METADATA_PREFIX}${key}`, value]));
