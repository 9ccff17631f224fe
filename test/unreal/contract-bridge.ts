/**
 * The bridge's contract served over loopback for one game server, with the world in memory and switches for trouble: what
 * the game server does with every answer that the contract allows. The real bridge has its own tests.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../contracts/app-error.ts';
import { bridgeApi, type BridgeSession, type Verdict } from '../../contracts/bridge.ts';
import type { Seat } from '../../contracts/bridge-api/seat.ts';
import type { Notice } from '../../contracts/notices.ts';
import type { JournalEntry, Snapshot } from '../../contracts/saves.ts';
import { SILENT_LOG } from '../../runtime/log.ts';
import { createHttpMetrics, createRegistry } from '../../runtime/metrics.ts';
import { serveApi, type Handlers } from '../../runtime/serve-api.ts';

/** Kept by saves, and so by every bridge that plays this world. */
export class DurableWorld {
  readonly entries: JournalEntry[] = [];
  snapshot: Snapshot | undefined;
  get durableSeq(): number {
    return this.entries.length;
  }
}

type Handler<N extends keyof Handlers<typeof bridgeApi.endpoints>> = Handlers<typeof bridgeApi.endpoints>[N];

export class ContractBridge {
  readonly calls: string[] = [];
  readonly frames: { frames: number; longestMs: number; p99Ms?: number | undefined; hitches?: number | undefined }[] = [];
  readonly seats = new Map<string, Seat>();
  readonly keys = new Map<string, string>();
  /** Ticket → its player; anything else is refused. */
  readonly tickets = new Map<string, string>();
  readonly world: DurableWorld;
  readonly notices: Notice[] = [];
  state: BridgeSession = { phase: 'idle', readOnly: false };
  /** Entries that stay on the pod's disk: not yet durable. */
  spool: JournalEntry[] = [];
  /** False: what is accepted stays in the spool. */
  storing = true;
  acceptedPort = 0;
  /** The accept counts at once; its answer takes this much longer. */
  acceptAnswersLateMs = 0;
  endReason: string | undefined;
  port = 0;
  readonly #connections = new Map<string, number>();
  readonly #stopping = new AbortController();
  readonly #waiting = new Set<() => void>();
  #server = createServer();

  constructor(world = new DurableWorld()) {
    this.world = world;
  }

  /** Opens the port; `again` the same as before. */
  async start(port = 0): Promise<void> {
    const metrics = createHttpMetrics(createRegistry('bridge'));
    this.#server = createServer(serveApi(bridgeApi, this.#handlers(), { log: SILENT_LOG, metrics, stopping: this.#stopping.signal }));
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
  }

  /** As a bridge that is killed. */
  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.changed();
    if (this.#server.listening) await this.stop();
  }

  claim(session: NonNullable<BridgeSession['session']>): void {
    for (const seat of session.seats) this.seats.set(seat.playerId, seat);
    this.state = { ...this.state, phase: 'claimed', session };
    this.changed();
  }

  /** Makes what is in the spool durable. */
  store(): void {
    this.world.entries.push(...this.spool);
    this.spool = [];
    this.changed();
  }

  say(notice: Notice): void {
    this.notices.push(notice);
    this.changed();
  }

  loseLease(): void {
    this.state = { ...this.state, readOnly: true };
    this.changed();
  }

  /** Wakes whoever holds the line. */
  changed(): void {
    for (const wake of this.#waiting) wake();
  }

  async until(met: () => boolean, signal: AbortSignal): Promise<void> {
    while (!met() && !signal.aborted) {
      const next = Promise.withResolvers<void>();
      const wake = () => next.resolve();
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
      await next.promise;
      this.#waiting.delete(wake);
    }
  }

  #acks() {
    return { accepted: this.world.durableSeq + this.spool.length, durable: this.world.durableSeq, readOnly: this.state.readOnly };
  }

  #admit(ticket: string): Verdict {
    const playerId = this.tickets.get(ticket);
    const packetKey = this.keys.get(playerId ?? '');
    if (playerId === undefined || packetKey === undefined)
      return { admitted: false, refusal: 'signature', detail: 'the ticket is not genuine' };
    const seat: Seat = { playerId, role: 'player', state: 'admitted' };
    const isIn = ['admitted', 'present'].includes(this.seats.get(playerId)?.state ?? 'held');
    this.seats.set(playerId, seat);
    const connection = (this.#connections.get(playerId) ?? 0) + 1;
    this.#connections.set(playerId, connection);
    return { admitted: true, seat, packetKey, connection, ...(isIn ? { replace: 'connection' as const } : {}) };
  }

  /** @param state undefined: as it is. */
  #seat(playerId: string, state: Seat['state'] | undefined): Seat {
    const seat = this.seats.get(playerId);
    if (seat === undefined) throw new AppError('not-found', 'seat_unknown', 'no such seat');
    const changed = { ...seat, state: state ?? seat.state };
    this.seats.set(playerId, changed);
    this.changed();
    return changed;
  }

  #append: Handler<'appendWorld'> = async ({ body }) => {
    if (this.state.readOnly) throw new AppError('conflict', 'epoch_stale', 'the lease is lost');
    for (const entry of body.entries) {
      const next = this.#acks().accepted + 1;
      if (entry.seq > next) throw new AppError('conflict', 'sequence_gap', `${next} was expected, not ${entry.seq}`);
      if (entry.seq === next) this.spool.push(entry);
    }
    if (this.storing) this.store();
    this.changed();
    return { status: 200, body: this.#acks() };
  };

  #putSnapshot: Handler<'putWorldSnapshot'> = async ({ body }) => {
    if (body.seq > this.world.durableSeq) throw new AppError('conflict', 'snapshot_ahead', 'the snapshot contains what is not durable');
    this.world.snapshot = body;
    return { status: 200, body: {} };
  };

  #handlers(): Handlers<typeof bridgeApi.endpoints> {
    const said = (name: string) => void this.calls.push(name);
    const notHere = () => Promise.reject(new AppError('not-found', 'seat_unknown', 'nobody has an inventory here'));
    const ok = <T>(body: T) => ({ status: 200 as const, body });
    return {
      hello: async () => (said('hello'), ok({ gameServer: 'gs-1', heartbeatSeconds: 1 })),
      warm: async () => (said('warm'), ok({})),
      session: async ({ query }, { signal }) => {
        const ended = AbortSignal.any([signal, AbortSignal.timeout(query.wait * 1_000)]);
        await this.until(() => this.state.phase !== query.from, ended);
        return ok(this.state);
      },
      notices: async ({ query }, { signal }) => {
        const ended = AbortSignal.any([signal, AbortSignal.timeout(query.wait * 1_000)]);
        const version = () => `n${this.notices.length}`;
        const from = query.from ?? version();
        await this.until(() => version() !== from, ended);
        return ok({ version: version(), notices: [...this.notices] });
      },
      accept: async ({ body }) => {
        said('accept');
        this.acceptedPort = body.port;
        this.state = { ...this.state, phase: 'joinable' };
        this.changed();
        await sleep(this.acceptAnswersLateMs);
        return ok(this.state);
      },
      end: async ({ body }) => {
        said('end');
        this.endReason = body.reason;
        this.state = { ...this.state, phase: 'ended' };
        this.changed();
        return ok(this.state);
      },
      admit: async ({ body }) => (said('admit'), ok(this.#admit(body.ticket))),
      present: async ({ params }) => (said('present'), ok(this.#seat(params.player, 'present'))),
      leave: async ({ params, query, body }) => {
        said('leave');
        const isOlder = query.connection !== undefined && query.connection !== this.#connections.get(params.player);
        return ok(this.#seat(params.player, isOlder ? undefined : body.forGood ? 'left' : 'away'));
      },
      roster: async () => ok({ seats: [...this.seats.values()] }),
      putRoster: async () => (said('putRoster'), ok({ seats: [...this.seats.values()] })),
      packetKey: async ({ params }) => {
        const packetKey = this.keys.get(params.player);
        if (packetKey === undefined) throw new AppError('not-found', 'seat_unknown', 'no such seat');
        return ok({ packetKey });
      },
      world: async () => {
        said('world');
        const { snapshot, durableSeq } = this.world;
        const entries = this.world.entries.filter((entry) => entry.seq > (snapshot?.seq ?? 0));
        return ok({ world: 'world-1', durableSeq, entries, ...(snapshot === undefined ? {} : { snapshot }) });
      },
      appendWorld: this.#append,
      worldAcks: async ({ query }, { signal }) => {
        const ended = AbortSignal.any([signal, AbortSignal.timeout(query.wait * 1_000)]);
        await this.until(() => this.world.durableSeq > query.after || this.state.readOnly, ended);
        return ok(this.#acks());
      },
      putWorldSnapshot: this.#putSnapshot,
      kick: async ({ params }) => (said('kick'), ok(this.#seat(params.player, 'left'))),
      drain: async () => ok({}),
      inventory: async () => notHere(),
      appendInventory: async () => notHere(),
      inventoryAcks: async () => notHere(),
      putInventorySnapshot: async () => notHere(),
      acks: async ({ query }, { signal }) => {
        const ended = AbortSignal.any([signal, AbortSignal.timeout(query.wait * 1_000)]);
        const version = () => Object.values(this.#acks()).join('-');
        const from = query.from ?? version();
        await this.until(() => version() !== from, ended);
        return ok({ version: version(), world: this.#acks(), inventories: [] });
      },
      frame: async ({ body }) => (this.frames.push(body), this.changed(), ok({})),
    };
  }
}
