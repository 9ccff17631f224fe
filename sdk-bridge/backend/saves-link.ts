/** The saves service as one session may use it: its world, and the inventories of its players. */
import { AppError } from '../../contracts/app-error.ts';
import { createClient, type Send } from '../../contracts/client.ts';
import {
  savesApi,
  type Holder,
  type JournalEntry,
  type Lease,
  type Restore,
  type Snapshot,
  type SubjectKind,
} from '../../contracts/saves.ts';
import type { JournalSink } from '../journals/forwarding.ts';
import { subjectOf } from '../journals/journal-head.ts';
import { isLost, judgeRefusal } from '../journals/judge-refusal.ts';

export interface SavedSubject {
  readonly kind: SubjectKind;
  readonly id: string;
}

export interface SavesLink extends JournalSink {
  lease(subject: SavedSubject): Promise<Lease>;
  /** Everything durable, all pages. */
  restore(subject: SavedSubject, signal: AbortSignal): Promise<Pick<Restore, 'durableSeq' | 'snapshot' | 'entries'>>;
  putSnapshot(subject: SavedSubject, epoch: number, snapshot: Snapshot): Promise<void>;
  takePlayerLease(playerId: string, holder: Holder): Promise<Lease>;
}

const CALL_MS = 5_000;
const LARGE_CALL_MS = 20_000;
/** A player who comes in waits no longer than this for the lease; it is then taken in the background. */
const LEASE_MS = 1_500;

/** @param grant the session grant of the claim. */
export function createSavesLink(baseUrl: string, send: Send, grant: () => string | undefined): SavesLink {
  const client = createClient(savesApi, { baseUrl, send, token: grant });
  return {
    lease: async (subject) => (await client.getLease({ params: subject }, { timeoutMs: CALL_MS })).body,
    restore: async (params, signal) => {
      const options = { timeoutMs: LARGE_CALL_MS, signal };
      const entries: JournalEntry[] = [];
      let page = (await client.restore({ params }, options)).body;
      const { snapshot } = page;
      entries.push(...page.entries);
      while (page.next !== undefined) {
        page = (await client.restore({ params, query: { after: page.next } }, options)).body;
        entries.push(...page.entries);
      }
      return { durableSeq: page.durableSeq, entries, ...(snapshot === undefined ? {} : { snapshot }) };
    },
    putSnapshot: async (params, epoch, snapshot) =>
      void (await client.putSnapshot({ params, body: { epoch, snapshot } }, { timeoutMs: LARGE_CALL_MS })),
    append: async ({ journal, epoch, entries, epochs }) => {
      const body = { epoch, entries: [...entries], ...(Object.keys(epochs).length === 0 ? {} : { epochs: { ...epochs } }) };
      try {
        const answer = (await client.appendEntries({ params: subjectOf(journal), body }, { timeoutMs: CALL_MS })).body;
        return { kind: 'stored', durableSeq: answer.durableSeq, inventories: answer.inventories ?? {} };
      } catch (cause) {
        const judged = judgeRefusal(cause, entries);
        if (judged.kind === 'passes') throw cause;
        return judged;
      }
    },
    storedUpTo: async (journal, epoch) => {
      try {
        const { epoch: present, durableSeq } = (await client.getLease({ params: subjectOf(journal) }, { timeoutMs: CALL_MS })).body;
        return present === epoch ? durableSeq : undefined;
      } catch (cause) {
        if (isLost(cause)) return undefined;
        throw cause;
      }
    },
    storedAt: async (journal, seq) => {
      try {
        const options = { timeoutMs: LARGE_CALL_MS };
        const { entries } = (await client.restore({ params: subjectOf(journal), query: { after: seq - 1 } }, options)).body;
        const [stored] = entries;
        if (stored?.seq !== seq) return { kind: 'unknown' };
        return stored.refused === undefined ? { kind: 'entry' } : { kind: 'place', why: stored.refused };
      } catch (cause) {
        if (isLost(cause)) return { kind: 'unknown' };
        throw cause;
      }
    },
    takePlayerLease: async (id, holder) =>
      (await client.takeLease({ params: { kind: 'players', id }, body: { holder } }, { timeoutMs: LEASE_MS })).body,
  };
}

/** Another session holds what was to be read. */
export function isForeign(cause: unknown): boolean {
  return cause instanceof AppError && cause.code === 'lease_not_held';
}
