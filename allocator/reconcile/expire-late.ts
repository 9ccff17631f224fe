/**
 * Whoever missed the deadline is settled, however many they are: after an outage of the database there may be thousands,
 * and one write settles a page of them. The moves and their events are those of `finish.ts`.
 *
 *   queued ──▶ expired          placing, allocated ──▶ cancelling ──▶ expired, and then its server is seen to
 */
import type { Document, Filter } from 'mongodb';
import type { AllocationState } from '../../contracts/allocator.ts';
import { translated } from '../../runtime/documents/collection.ts';
import type { AllocationDocument } from '../allocation.ts';
import type { MoveParts } from '../moves/parts.ts';

/** A page is settled well within the time that an operation has, by a busy database too; otherwise it would be tried for ever. */
const AT_ONCE = 500;
const REASON = 'no server was joinable before the deadline';

export async function expireLate(parts: MoveParts, signal: AbortSignal): Promise<void> {
  const now = new Date(parts.now());
  const late = { deadlineAt: { $lte: now } };
  // Mostly nobody is, and one look says so.
  const open: AllocationState[] = ['queued', 'placing', 'allocated', 'cancelling'];
  const { raw } = parts.allocations.documents;
  if ((await translated(() => raw.findOne({ ...late, state: { $in: open } }, { projection: { _id: 1 } }))) === null) return;
  await moveAll(parts, signal, { ...late, state: 'queued' }, 'expired', (told) => ({
    ...told,
    ...FINAL,
    nextActionAt: null,
    endedAt: now,
  }));
  await moveAll(parts, signal, { ...late, state: { $in: ['placing', 'allocated'] } }, 'cancelling', (told) => ({
    ...told,
    cancelTo: 'expired',
    leaseUntil: null,
    nextActionAt: now,
  }));
  await moveAll(parts, signal, { ...late, state: 'cancelling', cancelTo: 'expired' }, 'expired', (told) => ({
    ...told,
    ...FINAL,
    endedAt: now,
    // An ask that was under way may still win a server: it is looked for after the ask must have ended.
    nextActionAt: { $cond: [{ $eq: ['$server', null] }, new Date(now.getTime() + parts.askMs), now] },
  }));
}

const FINAL = { leaseUntil: null };

async function moveAll(
  parts: MoveParts,
  signal: AbortSignal,
  filter: Filter<AllocationDocument>,
  state: Extract<AllocationState, 'cancelling' | 'expired'>,
  setOf: (told: Document) => Document,
): Promise<void> {
  const { raw } = parts.allocations.documents;
  for (let found = AT_ONCE; found === AT_ONCE && !signal.aborted;) {
    const page = await translated(() =>
      raw
        .find(filter, { projection: { _id: 1 } })
        .limit(AT_ONCE)
        .toArray(),
    );
    found = page.length;
    if (found === 0) return;
    const uids = page.map(({ _id }) => _id);
    const told = toldOf(state, new Date(parts.now()));
    const moved = await translated(() => raw.updateMany({ ...filter, _id: { $in: uids } }, [{ $set: setOf(told) }]));
    for (let at = 0; at < moved.modifiedCount; at += 1) parts.metrics.entered(state);
    for (const uid of uids) parts.changed(uid);
    parts.log.info('allocations have missed their deadline', { state, allocations: moved.modifiedCount });
  }
}

/** As `telling` does it, computed by the database for each: the version names the event, and counts up with it. */
function toldOf(state: AllocationState, at: Date): Document {
  const id = { $concat: ['$_id', ':', { $toString: '$version' }, `:${state}`] };
  const data = { state, attempt: '$attempt', reason: REASON };
  return {
    state,
    reason: REASON,
    untoldSince: at,
    version: { $add: ['$version', 1] },
    outbox: { $concatArrays: ['$outbox', [{ id, kind: state, at, data }]] },
  };
}
