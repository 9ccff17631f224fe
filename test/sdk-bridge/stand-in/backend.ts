/** The backend as a bridge meets it, from the real endpoint tables: an allocator with one session, and saves in memory that can be away. */
import { Registry } from 'prom-client';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { AppError } from '../../../contracts/app-error.ts';
import { allocatorApi } from '../../../contracts/allocator-api.ts';
import type { Claim, JoinTicketClaims } from '../../../contracts/allocator.ts';
import type { Crash } from '../../../contracts/crash.ts';
import { savesApi, type JournalEntry, type Snapshot } from '../../../contracts/saves.ts';
import { listenHttp } from '../../../runtime/https-server.ts';
import { SILENT_LOG } from '../../../runtime/log.ts';
import { createHttpMetrics } from '../../../runtime/metrics.ts';
import { serveApi, type Handlers } from '../../../runtime/serve-api.ts';
import type { Principal } from '../../../runtime/token-check.ts';

export const UID = 'a'.repeat(32);
/** What a claim says; `worldEpoch` above it means that another has the world. */
const FIRST_EPOCH = 1;
export const ISSUER = 'https://allocator.test';
/** Longer than a test of a busy machine keeps one. */
const TICKET_SECONDS = 3_600;

export interface SavedInventory {
  epoch: number;
  /** Another session's. */
  taken: boolean;
  readonly entries: JournalEntry[];
  snapshot: Snapshot | undefined;
}

export interface Backend {
  readonly allocatorUrl: string;
  readonly savesUrl: string;
  /** What the bridge told the allocator: `claim`, `accept 7777`, `end reason`, `fail reason`. */
  readonly told: string[];
  /** How game servers died, as the bridge told. */
  readonly crashes: Crash[];
  /** Trace ids of the calls, `claim 4bf9…`. */
  readonly traces: string[];
  /** Bearer tokens that came to the allocator. */
  readonly tokens: string[];
  /** Of the world. */
  readonly stored: JournalEntry[];
  /** Of each player who was leased. */
  readonly inventories: ReadonlyMap<string, SavedInventory>;
  /** Players whose lease was taken, each time anew. */
  readonly leases: string[];
  /** Another session takes a player's lease. */
  takeAway(playerId: string): void;
  snapshot: Snapshot | undefined;
  /** While set, saves answers 503. */
  savesAway: boolean;
  /** While set, the allocator answers 503. */
  allocatorAway: boolean;
  /** While set, claims and accepts are refused with 409. */
  notYours: boolean;
  worldEpoch: number;
  /** The grant for saves that a claim gives. */
  grant: string;
  players: Claim['players'];
  /** What a claim says of its trace. */
  traceparent: string | undefined;
  /** What a claim tells beforehand. */
  notices: Claim['notices'];
  ticket(playerId: string, change?: Partial<JoinTicketClaims>, key?: CryptoKey, kid?: string): Promise<string>;
  /** Signs with a key that only the allocator's key set knows from now on. */
  rotateKey(): Promise<void>;
  close(): Promise<void>;
}

export async function startBackend(gameServer: string, world?: string): Promise<Backend> {
  const keys = [await newKey('k1')];
  const claimKeys = { keys: keys.map(({ jwk }) => jwk) };
  const stopping = new AbortController();
  const serve = { log: SILENT_LOG, stopping: stopping.signal };
  const away = (is: boolean) => {
    if (is) throw new AppError('unavailable', 'away', 'away');
  };
  const refuse = (is: boolean) => {
    if (is) throw new AppError('conflict', 'not_yours', 'this attempt is not yours');
  };
  const notHere = () => Promise.reject(new AppError('not-found', 'not_here', 'not here'));

  const inventories = new Map<string, SavedInventory>();
  const inventoryOf = (playerId: string) => {
    const saved = inventories.get(playerId) ?? { epoch: 1, taken: false, entries: [], snapshot: undefined };
    inventories.set(playerId, saved);
    return saved;
  };

  const backend: Backend = {
    allocatorUrl: '',
    savesUrl: '',
    told: [],
    crashes: [],
    traces: [],
    tokens: [],
    stored: [],
    inventories,
    leases: [],
    takeAway: (playerId) => {
      const saved = inventoryOf(playerId);
      saved.epoch += 1;
      saved.taken = true;
    },
    snapshot: undefined,
    savesAway: false,
    allocatorAway: false,
    notYours: false,
    worldEpoch: FIRST_EPOCH,
    grant: 'grant',
    traceparent: undefined,
    notices: [],
    players: [
      { id: 'ann', role: 'player', packetKey: 'key-ann' },
      { id: 'bob', role: 'player', packetKey: 'key-bob' },
    ],
    ticket: async (playerId, change = {}, key = keys.at(-1)?.privateKey, kid = keys.at(-1)?.jwk.kid) => {
      const claims = {
        iss: ISSUER,
        aud: 'lifeverse-join',
        sub: playerId,
        jti: crypto.randomUUID(),
        allocation: 'm1',
        uid: UID,
        attempt: 1,
        gameServer,
        build: 'b1',
        role: 'player',
      };
      const exp = Math.floor(Date.now() / 1_000) + TICKET_SECONDS;
      return new SignJWT({ exp, ...claims, ...change })
        .setProtectedHeader({ alg: 'EdDSA', ...(kid === undefined ? {} : { kid }) })
        .sign(key as CryptoKey);
    },
    rotateKey: async () => void keys.push(await newKey(`k${keys.length + 1}`)),
    close: async () => {
      stopping.abort();
      await Promise.all(listeners.map((listener) => listener.close()));
    },
  };

  const allocator: Handlers<(typeof allocatorApi)['endpoints']> = {
    requestAllocation: notHere,
    getAllocation: notHere,
    traceAllocation: notHere,
    listAllocations: notHere,
    listEvents: notHere,
    streamEvents: notHere,
    listEventsOfAllocation: notHere,
    cancelAllocation: notHere,
    playerSession: notHere,
    takeSeats: notHere,
    leaveSeat: notHere,
    issueTicket: notHere,
    listClusters: notHere,
    getReconcile: notHere,
    letGoBrake: notHere,
    planMaintenance: notHere,
    listMaintenance: notHere,
    getMaintenance: notHere,
    cancelMaintenance: notHere,
    listFleets: notHere,
    listBuilds: notHere,
    scaleFleet: notHere,
    createWebhook: notHere,
    listWebhooks: notHere,
    getWebhook: notHere,
    changeWebhook: notHere,
    deleteWebhook: notHere,
    rotateWebhookSecret: notHere,
    replayWebhook: notHere,
    listWebhookDeliveries: notHere,
    retryWebhookDelivery: notHere,
    claimAttempt: async (_request, { trace }) => {
      backend.traces.push(`claim ${trace.traceId}`);
      away(backend.allocatorAway);
      refuse(backend.notYours);
      backend.told.push('claim');
      return { status: 200, body: claimBody() };
    },
    acceptAttempt: async ({ body }, { trace }) => {
      backend.traces.push(`accept ${trace.traceId}`);
      away(backend.allocatorAway);
      refuse(backend.notYours);
      backend.told.push(`accept ${body.port}`);
      return { status: 200, body: { state: 'ready' } };
    },
    failAttempt: async ({ body }) => {
      away(backend.allocatorAway);
      backend.told.push(`fail ${body.reason}`);
      if (body.crash !== undefined) backend.crashes.push(body.crash);
      return { status: 200, body: { state: 'lost' } };
    },
    kickFromAttempt: async ({ body }) => {
      away(backend.allocatorAway);
      backend.told.push(`kick ${body.playerId} ${body.reason}`);
      backend.players = backend.players.filter(({ id }) => id !== body.playerId);
      return { status: 200, body: { state: 'ready' } };
    },
    endAttempt: async ({ body }) => {
      away(backend.allocatorAway);
      backend.told.push(`end ${body.reason}`);
      return { status: 200, body: { state: 'ended' } };
    },
    ticketKeys: async () => ({ status: 200, body: { keys: keys.map(({ jwk }) => jwk) } }),
  };

  const claimBody = (): Claim => ({
    allocationId: 'm1',
    uid: UID,
    attempt: 1,
    state: 'allocated',
    build: 'b1',
    mode: 'duel',
    session: { map: 'arena', data: {}, capacity: 4, spectators: 0, ...(world === undefined ? {} : { world }) },
    players: backend.players,
    ticketKeys: claimKeys,
    ticketIssuer: ISSUER,
    ...(backend.traceparent === undefined ? {} : { traceparent: backend.traceparent }),
    deadlineAt: new Date(Date.now() + 60_000).toISOString(),
    notices: backend.notices,
    saves: { token: backend.grant, ...(world === undefined ? {} : { worldEpoch: FIRST_EPOCH }) },
  });

  const headOf = (entries: readonly JournalEntry[]) => entries.at(-1)?.seq ?? 0;
  const worldJournal = () => ({
    entries: backend.stored,
    snapshot: backend.snapshot,
    epoch: backend.worldEpoch,
    taken: backend.worldEpoch !== FIRST_EPOCH,
  });
  const journalOf = ({ kind, id }: { kind: string; id: string }) => (kind === 'worlds' ? worldJournal() : inventoryOf(id));
  const leaseOf = ({ epoch, entries }: { epoch: number; entries: readonly JournalEntry[] }) => ({
    epoch,
    holder: { uid: UID, attempt: 1 },
    takenAt: new Date().toISOString(),
    durableSeq: headOf(entries),
  });
  const fence = (epoch: number, journal: { epoch: number }) => {
    if (epoch < journal.epoch) throw new AppError('conflict', 'epoch_stale', 'another holds it');
  };
  const saves: Handlers<(typeof savesApi)['endpoints']> = {
    takeLease: async ({ params }, { trace }) => {
      backend.traces.push(`lease ${trace.traceId}`);
      away(backend.savesAway);
      backend.leases.push(params.id);
      const saved = inventoryOf(params.id);
      if (saved.taken) saved.epoch += 1;
      saved.taken = false;
      return { status: 200, body: leaseOf(saved) };
    },
    getLease: async ({ params }) => {
      away(backend.savesAway);
      return { status: 200, body: leaseOf(journalOf(params)) };
    },
    appendEntries: async ({ params, body }) => {
      away(backend.savesAway);
      const journal = journalOf(params);
      fence(body.epoch, journal);
      const touched: Record<string, { durableSeq: number; fenced: boolean }> = {};
      for (const entry of body.entries) {
        const head = headOf(journal.entries);
        if (entry.seq > head + 1) throw new AppError('conflict', 'sequence_gap', 'gap');
        const isFresh = entry.seq === head + 1;
        for (const share of entry.inventories ?? []) {
          if (share.refused === true) continue;
          const epoch = body.epochs?.[share.playerId];
          if (epoch === undefined) throw new AppError('invalid', 'epoch_missing', 'epochs does not name an inventory');
          const saved = inventoryOf(share.playerId);
          const fenced = epoch < saved.epoch;
          if (fenced) share.refused = true;
          else if (isFresh) saved.entries.push({ seq: share.seq, data: share.data });
          touched[share.playerId] = { durableSeq: headOf(saved.entries), fenced };
        }
        if (isFresh) journal.entries.push(entry);
      }
      return { status: 200, body: { durableSeq: headOf(journal.entries), inventories: touched } };
    },
    putSnapshot: async ({ params, body }) => {
      away(backend.savesAway);
      fence(body.epoch, journalOf(params));
      if (params.kind === 'worlds') backend.snapshot = body.snapshot;
      else inventoryOf(params.id).snapshot = body.snapshot;
      return { status: 200, body: { seq: body.snapshot.seq } };
    },
    // Two entries a page, so that paging is met.
    restore: async ({ params, query }) => {
      away(backend.savesAway);
      const { entries, snapshot, taken } = journalOf(params);
      if (taken) throw new AppError('forbidden', 'lease_not_held', 'another holds it');
      const after = query.after ?? snapshot?.seq ?? 0;
      const rest = entries.filter(({ seq }) => seq > after);
      const page = rest.slice(0, 2);
      const more = rest.length > page.length ? { next: page.at(-1)?.seq ?? 0 } : {};
      const first = query.after === undefined && snapshot !== undefined ? { snapshot } : {};
      return { status: 200, body: { durableSeq: headOf(entries), entries: page, ...first, ...more } };
    },
  };

  const roles =
    (all: Principal['roles']) =>
    async (token: string): Promise<Principal> => {
      backend.tokens.push(token);
      return { subject: 'pod', roles: all, issuer: ISSUER, claims: {} };
    };
  const listeners = [
    await listenHttp(
      serveApi(allocatorApi, allocator, { ...serve, metrics: createHttpMetrics(new Registry()), tokenCheck: roles(['game-server']) }),
      '127.0.0.1',
      0,
    ),
    await listenHttp(
      serveApi(savesApi, saves, { ...serve, metrics: createHttpMetrics(new Registry()), tokenCheck: roles(['session']) }),
      '127.0.0.1',
      0,
    ),
  ] as const;
  const [first, second] = listeners;
  return Object.assign(backend, { allocatorUrl: `http://127.0.0.1:${first.port}`, savesUrl: `http://127.0.0.1:${second.port}` });
}

async function newKey(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kty: 'OKP', kid, alg: 'EdDSA' } };
}
