/** The saves API over the moves. */
import { AppError } from '../../contracts/app-error.ts';
import type { JournalEntry, savesApi, SubjectKind } from '../../contracts/saves.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import { callerOf, requireHolds, requireInGrant, requireMayTake, type Caller } from '../access.ts';
import { appendEntries } from '../moves/append-entries.ts';
import { appendWithShares } from '../moves/append-shares.ts';
import { putSnapshot } from '../moves/put-snapshot.ts';
import { restore } from '../moves/restore.ts';
import type { SavesParts } from '../moves/saves-parts.ts';
import { takeLease } from '../moves/take-lease.ts';
import { leaseOf, subjectId, type Subject } from '../subject.ts';

export function savesHandlers(parts: SavesParts): Handlers<typeof savesApi.endpoints> {
  return {
    takeLease: async ({ params, body }, { principal, signal }) => {
      const caller = admitted(principal, params);
      requireMayTake(caller, params.kind, body.holder);
      const madeAt = body.madeAt === undefined ? undefined : new Date(body.madeAt);
      return { status: 200, body: await takeLease(parts, subjectId(params.kind, params.id), body.holder, signal, madeAt) };
    },
    getLease: async ({ params }, { principal }) => {
      admitted(principal, params);
      const id = subjectId(params.kind, params.id);
      const subject = await parts.subjects.find(id);
      if (subject === undefined) throw new AppError('not-found', 'lease_absent', `nobody ever held the lease of ${id}`);
      return { status: 200, body: leaseOf(subject) };
    },
    appendEntries: async ({ params, body }, { principal, signal }) => {
      const caller = admitted(principal, params);
      const { epoch, entries, epochs = {} } = body;
      const append = { id: subjectId(params.kind, params.id), epoch, entries, permit: writePermit(parts, caller) };
      const shares = entries.flatMap((entry) => entry.inventories ?? []);
      if (shares.length === 0) return { status: 200, body: { durableSeq: await appendEntries(parts, append, signal) } };
      requireSharesInGrant(caller, entries);
      return { status: 200, body: await appendWithShares(parts, { ...append, epochs }, signal) };
    },
    putSnapshot: async ({ params, body }, { principal, signal }) => {
      const permit = writePermit(parts, admitted(principal, params));
      const seq = await putSnapshot(parts, { id: subjectId(params.kind, params.id), ...body, permit }, signal);
      return { status: 200, body: { seq } };
    },
    restore: async ({ params, query }, { principal, signal }) => {
      const caller = admitted(principal, params);
      const call = {
        id: subjectId(params.kind, params.id),
        after: query.after,
        permit: (subject: Subject) => requireHolds(caller, subject),
      };
      return { status: 200, body: await restore(parts, call, signal) };
    },
  };
}

function admitted(principal: Parameters<typeof callerOf>[0], subject: { kind: SubjectKind; id: string }): Caller {
  const caller = callerOf(principal);
  requireInGrant(caller, subject.kind, subject.id);
  return caller;
}

/** A share that is refused touches nothing. */
function requireSharesInGrant(caller: Caller, entries: readonly JournalEntry[]): void {
  for (const [entry, { inventories = [] }] of entries.entries())
    for (const [share, { playerId, refused }] of inventories.entries())
      if (refused !== true) requireInGrant(caller, 'players', playerId, `#/body/entries/${entry}/inventories/${share}`);
}

/** A refusal is counted: a writer without the lease is a fault or an attack. */
function writePermit(parts: SavesParts, caller: Caller): (subject: Subject) => void {
  return (subject) => {
    try {
      requireHolds(caller, subject);
    } catch (cause) {
      parts.events.writeRefused(subject._id, 'lease_not_held');
      throw cause;
    }
  };
}
