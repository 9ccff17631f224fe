/** A holder becomes the one writer of a subject; every earlier one is fenced by the same write. */
import { AppError } from '../../contracts/app-error.ts';
import type { Holder, Lease } from '../../contracts/saves.ts';
import { unchanged } from '../store/saves-store.ts';
import { decideLease, firstLease, leaseOf, type Subject } from '../subject.ts';
import type { SavesParts } from './saves-parts.ts';

/**
 * @param madeAt when the holder's session was made, where it says so.
 * @throws AppError `conflict` (`holder_superseded`) where a later attempt of the same allocation, or a later session, holds it.
 */
export async function takeLease(parts: SavesParts, id: string, holder: Holder, signal: AbortSignal, madeAt?: Date): Promise<Lease> {
  for (;;) {
    signal.throwIfAborted();
    const subject = await parts.subjects.find(id);
    const taken = subject === undefined ? await takeFirst(parts, id, holder, madeAt) : await takeOver(parts, subject, holder, madeAt);
    // Otherwise an append or another holder came between the read and the write: look again.
    if (taken !== undefined) return leaseOf(taken);
  }
}

async function takeFirst(parts: SavesParts, id: string, holder: Holder, madeAt: Date | undefined): Promise<Subject | undefined> {
  const subject = firstLease(id, holder, parts.now(), madeAt);
  if (!(await parts.subjects.insert(subject)).inserted) return undefined;
  parts.events.leaseTaken(subject);
  return subject;
}

async function takeOver(parts: SavesParts, subject: Subject, holder: Holder, madeAt: Date | undefined): Promise<Subject | undefined> {
  const decision = decideLease(subject, holder, parts.now(), madeAt);
  if (decision.outcome === 'held') return subject;
  if (decision.outcome === 'superseded') {
    parts.events.writeRefused(subject._id, 'holder_superseded');
    throw new AppError(
      'conflict',
      'holder_superseded',
      `${subject._id} is held by a later attempt or session: attempt ${subject.holder.attempt} of ${subject.holder.uid}`,
    );
  }
  if (!(await parts.subjects.change(unchanged(subject), { $set: decision.change }))) return undefined;
  const taken = { ...subject, ...decision.change };
  parts.events.leaseTaken(taken);
  await removeLeftovers(parts, subject);
  return taken;
}

/**
 * What the fenced writer stored beyond the head. It is invisible already, and what comes later still is too: this only saves room.
 * The closed stretch ends at the head that was read, since the lease was taken on the condition that it had not moved.
 */
async function removeLeftovers(parts: SavesParts, closed: Subject): Promise<void> {
  await parts.batches.remove({ subject: closed._id, stretch: closed.stretch, to: { $gt: closed.durableSeq } });
}
