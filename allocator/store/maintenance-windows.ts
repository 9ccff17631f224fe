/**
 * Maintenance windows in MongoDB, and in each process a copy of the open ones that is at most a second old where
 * placement reads it.
 *
 * A window is never changed but to be cancelled: another plan is another id.
 */
import { createHash } from 'node:crypto';
import type { Db } from 'mongodb';
import { z } from 'zod';
import { AppError } from '../../contracts/app-error.ts';
import { MaintenanceEnd, MaintenanceScope, type MaintenanceRequest } from '../../contracts/allocator-api/maintenance-windows.ts';
import { pause } from '../../runtime/deadline.ts';
import { documentsOf, ensureIndexes } from '../../runtime/documents/collection.ts';
import type { Log } from '../../runtime/log.ts';

const WindowDocument = z.object({
  _id: z.string(),
  fingerprint: z.string(),
  scope: MaintenanceScope,
  startsAt: z.date(),
  endsAt: z.date(),
  drainLeadSeconds: z.int(),
  reason: z.string(),
  end: MaintenanceEnd,
  createdAt: z.date(),
  createdBy: z.string(),
  cancelledAt: z.date().nullable(),
  /** Since when nothing was left in its scope, while it drains or runs. */
  drainedAt: z.date().nullable(),
});
export type WindowDocument = z.infer<typeof WindowDocument>;
/** As the rest of the allocator knows it. */
export type KeptWindow = WindowDocument & { readonly id: string };

export interface MaintenanceWindows {
  /** @throws AppError `conflict` when the id was used with other fields, `invalid` when a new window is over already. */
  plan(request: MaintenanceRequest, by: string): Promise<{ readonly kind: 'made' | 'known'; readonly window: KeptWindow }>;
  find(id: string): Promise<KeptWindow | undefined>;
  /** The latest start first. */
  list(open: boolean, limit: number): Promise<KeptWindow[]>;
  /** A window that is over stays so. */
  cancel(id: string): Promise<KeptWindow | undefined>;
  noteDrained(window: KeptWindow, at: Date | null): Promise<void>;
  /** Forgets what was over long ago. */
  prune(): Promise<void>;
  /** Neither over nor cancelled, as last read. */
  readonly open: readonly KeptWindow[];
  /** Resolves when `open` is at most `FRESH_MS` old. @throws AppError when the database is away. */
  refresh(): Promise<void>;
  /** Called with the windows that have ended or were cancelled since the last look. */
  onLifted(listener: (lifted: readonly KeptWindow[]) => void): void;
  /** For the lifecycle: looks now and then until the signal, since nobody may be placing when a window ends. */
  run(signal: AbortSignal): Promise<void>;
}

/** What placement goes by may be this old, and no older, however long the process was paused. */
const FRESH_MS = 1_000;
const LOOK_EVERY_MS = 500;
const MOST_OPEN = 1_000;
const KEPT_MS = 30 * 24 * 3_600_000;

export async function openMaintenanceWindows(db: Db, now: () => number, log: Log): Promise<MaintenanceWindows> {
  const documents = documentsOf<WindowDocument>(db, 'maintenance_windows', WindowDocument);
  await ensureIndexes(documents, [
    { key: { endsAt: 1 }, name: 'end' },
    { key: { startsAt: -1 }, name: 'start' },
  ]);
  const listeners: ((lifted: readonly KeptWindow[]) => void)[] = [];
  let open: readonly KeptWindow[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  const list = async (onlyOpen: boolean, limit: number) => {
    const filter = onlyOpen ? { endsAt: { $gt: new Date(now()) }, cancelledAt: null } : {};
    return (await documents.list(filter, { sort: { startsAt: -1 }, limit })).map(keptOf);
  };
  const read = async () => {
    const askedAt = performance.now();
    const before = open;
    open = await list(true, MOST_OPEN);
    readAt = askedAt;
    const still = new Set(open.map(({ id }) => id));
    const lifted = before.filter(({ id }) => !still.has(id));
    if (lifted.length > 0) for (const listener of listeners) listener(lifted);
  };
  const look = () => (reading ??= read().finally(() => (reading = undefined)));
  /** After a change of our own: a look that began before it does not count. */
  const lookAnew = async () => {
    await reading?.catch(() => {});
    await look();
  };
  const find = async (id: string) => {
    const found = await documents.find(id);
    return found === undefined ? undefined : keptOf(found);
  };

  return {
    find,
    list,
    plan: async (request, by) => {
      const document = documentOf(request, by, now());
      const before = await find(request.id);
      if (before === undefined && document.endsAt.getTime() <= now())
        throw new AppError('invalid', 'window_over', 'the window ends in the past: name an endsAt that is still to come');
      const made = before === undefined && (await documents.insert(document)).inserted;
      const window = made ? keptOf(document) : (before ?? (await find(request.id)));
      if (window === undefined) throw new AppError('unavailable', 'window_changing', 'the window was just removed; ask again');
      if (window.fingerprint !== document.fingerprint)
        throw new AppError('conflict', 'window_differs', `${request.id} was planned before with other fields; use another id`);
      await lookAnew();
      return { kind: made ? 'made' : 'known', window };
    },
    cancel: async (id) => {
      const at = new Date(now());
      await documents.change({ _id: id, cancelledAt: null, endsAt: { $gt: at } }, { $set: { cancelledAt: at } });
      await lookAnew();
      return find(id);
    },
    noteDrained: async ({ id, drainedAt }, at) => void (await documents.change({ _id: id, drainedAt }, { $set: { drainedAt: at } })),
    prune: async () => void (await documents.remove({ endsAt: { $lt: new Date(now() - KEPT_MS) } })),
    get open() {
      return open;
    },
    refresh: async () => {
      if (performance.now() - readAt > FRESH_MS) await look();
    },
    onLifted: (listener) => void listeners.push(listener),
    run: async (signal) => {
      let away = false;
      while (!signal.aborted) {
        try {
          await look();
          away = false;
        } catch (cause) {
          if (!away && !signal.aborted) log.warn('the maintenance windows cannot be read; the last known hold', { cause });
          away = true;
        }
        await pause(LOOK_EVERY_MS, signal);
      }
    },
  };
}

function documentOf(request: MaintenanceRequest, by: string, now: number): WindowDocument {
  const { id, scope, startsAt, endsAt, drainLeadSeconds, reason, end } = request;
  const { cluster, fleet, build, region } = scope;
  // A window without a build keeps the fingerprint that it had before windows could name one.
  const place = [cluster, fleet, region, ...(build === undefined ? [] : [build])];
  const fields = [...place, Date.parse(startsAt), Date.parse(endsAt), drainLeadSeconds, reason, end];
  return {
    _id: id,
    fingerprint: createHash('sha256').update(JSON.stringify(fields)).digest('base64url'),
    scope,
    startsAt: new Date(startsAt),
    endsAt: new Date(endsAt),
    drainLeadSeconds,
    reason,
    end,
    createdAt: new Date(now),
    createdBy: by,
    cancelledAt: null,
    drainedAt: null,
  };
}

function keptOf(document: WindowDocument): KeptWindow {
  return { ...document, id: document._id };
}
