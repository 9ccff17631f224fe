/** The saves service as one session may use it: its world, and the leases of its players. */
import { AppError } from '../../contracts/app-error.ts';
import { createClient, type Send } from '../../contracts/client.ts';
import { savesApi, type Holder, type JournalEntry, type Lease, type Restore, type Snapshot } from '../../contracts/saves.ts';
import type { JournalSink } from '../world/world-journal.ts';

export interface SavesLink {
  worldLease(world: string): Promise<Lease>;
  /** Everything durable, all pages. */
  restoreWorld(world: string, signal: AbortSignal): Promise<Pick<Restore, 'durableSeq' | 'snapshot' | 'entries'>>;
  putSnapshot(world: string, epoch: number, snapshot: Snapshot): Promise<void>;
  journalSink(world: string, epoch: number): JournalSink;
  takePlayerLease(playerId: string, holder: Holder): Promise<Lease>;
}

const CALL_MS = 5_000;
const LARGE_CALL_MS = 20_000;
/** A player who comes in waits no longer than this for the lease; it is then taken in the background. */
const LEASE_MS = 1_500;

/** Another holds the world now, or it is gone: nothing that is tried again can succeed. */
const FENCING = new Set(['epoch_stale', 'sequence_gap']);

/** @param grant the session grant of the claim. */
export function createSavesLink(baseUrl: string, send: Send, grant: () => string | undefined): SavesLink {
  const client = createClient(savesApi, { baseUrl, send, token: grant });
  return {
    worldLease: async (id) => (await client.getLease({ params: { kind: 'worlds', id } }, { timeoutMs: CALL_MS })).body,
    restoreWorld: async (id, signal) => {
      const entries: JournalEntry[] = [];
      let page = (await client.restore({ params: { kind: 'worlds', id } }, { timeoutMs: LARGE_CALL_MS, signal })).body;
      const { snapshot } = page;
      entries.push(...page.entries);
      while (page.next !== undefined) {
        page = (await client.restore({ params: { kind: 'worlds', id }, query: { after: page.next } }, { timeoutMs: LARGE_CALL_MS, signal }))
          .body;
        entries.push(...page.entries);
      }
      return { durableSeq: page.durableSeq, entries, ...(snapshot === undefined ? {} : { snapshot }) };
    },
    putSnapshot: async (id, epoch, snapshot) =>
      void (await client.putSnapshot({ params: { kind: 'worlds', id }, body: { epoch, snapshot } }, { timeoutMs: LARGE_CALL_MS })),
    journalSink: (id, epoch) => ({
      append: async (entries) => {
        try {
          const { body } = await client.appendEntries(
            { params: { kind: 'worlds', id }, body: { epoch, entries: [...entries] } },
            { timeoutMs: CALL_MS },
          );
          return { kind: 'stored', durableSeq: body.durableSeq };
        } catch (cause) {
          if (isFencing(cause)) return { kind: 'fenced', detail: cause.message };
          throw cause;
        }
      },
    }),
    takePlayerLease: async (id, holder) =>
      (await client.takeLease({ params: { kind: 'players', id }, body: { holder } }, { timeoutMs: LEASE_MS })).body,
  };
}

export function isFencing(cause: unknown): cause is AppError {
  return cause instanceof AppError && (cause.kind === 'not-found' || (cause.kind === 'conflict' && FENCING.has(cause.code)));
}
