/**
 * The brake of the reaper, shared by all processes: a store that is wrong about many must not cost many their session.
 *
 * Only releases that the store itself does not vouch for pass here (see `verdict.ts`). When those of one minute would be
 * more than a share of what is Allocated, none pass any more, until an operator lets go or nothing asks for a while.
 */
import type { Db } from 'mongodb';
import { z } from 'zod';
import { AppError } from '../../contracts/app-error.ts';
import { documentsOf } from '../../runtime/documents/collection.ts';

const BrakeDocument = z.object({
  _id: z.string(),
  version: z.int(),
  /** What passed, gathered by time, so that the document stays small. */
  passed: z.array(z.object({ at: z.date(), count: z.int() })),
  heldAt: z.date().nullable(),
  /** When somebody last asked in vain, and for how many. */
  askedAt: z.date().nullable(),
  waiting: z.int(),
  /** What an operator lets pass beside the limit. */
  allowed: z.int(),
  letGoBy: z.string().nullable(),
});
export type BrakeDocument = z.infer<typeof BrakeDocument>;

export interface BrakeSettings {
  /** Per cent of what is Allocated that may pass in a minute. */
  readonly percent: number;
  /** So many may pass in any case. */
  readonly least: number;
  /** Lets go by itself when nobody has asked for so long. */
  readonly quietMs: number;
}

export interface Brake {
  /** May `count` servers be released, of `allocated` in all? All of them or none. `pulled`: this is when it was pulled. */
  pass(count: number, allocated: number): Promise<'pass' | 'pulled' | 'held'>;
  present(): Promise<BrakeDocument>;
  /** @param allowed how many may pass beside the limit; as many as wait by default. */
  letGo(by: string, allowed: number | undefined): Promise<BrakeDocument>;
}

export function openBrake(db: Db, settings: BrakeSettings, now: () => number): Brake {
  const documents = documentsOf<BrakeDocument>(db, 'brake', BrakeDocument);
  const read = async (): Promise<BrakeDocument> => {
    const found = await documents.find(RELEASES);
    if (found !== undefined) return found;
    await documents.insert(FREE);
    return (await documents.find(RELEASES)) ?? FREE;
  };
  /** Compare-and-set: two processes never pass on the same reading. */
  const change = async <R>(decide: (present: BrakeDocument) => { next: BrakeDocument; outcome: R }): Promise<R> => {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const present = await read();
      const { next, outcome } = decide(present);
      if (next === present) return outcome;
      const { _id, version: _version, ...set } = next;
      const written = await documents.change({ _id, version: present.version }, { $set: set, $inc: { version: 1 } });
      if (written) return outcome;
    }
    throw new AppError('unavailable', 'brake_contended', 'the brake keeps changing; ask again', { retryAfter: 1 });
  };
  return {
    present: read,
    pass: (count, allocated) => change((present) => passOrHold(present, count, allocated, settings, now())),
    letGo: (by, allowed) =>
      change((present) => {
        // Asked again without a number: what was let pass stays as it is.
        if (present.heldAt === null && allowed === undefined) return { next: present, outcome: present };
        const next = { ...FREE, version: present.version, allowed: allowed ?? present.waiting, letGoBy: by };
        return { next, outcome: next };
      }),
  };
}

export function limitOf(allocated: number, { percent, least }: Pick<BrakeSettings, 'percent' | 'least'>): number {
  return Math.max(least, Math.floor((allocated * percent) / 100));
}

/** What passed within the last minute. */
export function passedOf(brake: BrakeDocument, now: number): number {
  return brake.passed.filter(({ at }) => now - at.getTime() < MINUTE_MS + GATHER_MS).reduce((sum, { count }) => sum + count, 0);
}

/** The rule. Pure. */
export function passOrHold(
  present: BrakeDocument,
  count: number,
  allocated: number,
  settings: BrakeSettings,
  now: number,
): { next: BrakeDocument; outcome: 'pass' | 'pulled' | 'held' } {
  const quiet = present.heldAt !== null && now - (present.askedAt ?? present.heldAt).getTime() >= settings.quietMs;
  const from = quiet ? { ...FREE, version: present.version } : present;
  const asked = { askedAt: new Date(now), waiting: count };
  if (from.heldAt !== null) return { next: count === 0 ? present : { ...from, ...asked }, outcome: 'held' };
  if (count === 0) return { next: from, outcome: 'pass' };
  const beside = Math.min(from.allowed, count);
  const counted = count - beside;
  if (counted > 0 && passedOf(from, now) + counted > limitOf(allocated, settings))
    return { next: { ...from, ...asked, heldAt: new Date(now) }, outcome: 'pulled' };
  return { next: { ...from, passed: gathered(from, counted, now), allowed: from.allowed - beside }, outcome: 'pass' };
}

const RELEASES = 'releases';
const TRIES = 20;
const MINUTE_MS = 60_000;
const GATHER_MS = 5_000;

const FREE: BrakeDocument = {
  _id: RELEASES,
  version: 1,
  passed: [],
  heldAt: null,
  askedAt: null,
  waiting: 0,
  allowed: 0,
  letGoBy: null,
};

function gathered({ passed }: BrakeDocument, count: number, now: number): BrakeDocument['passed'] {
  const recent = passed.filter(({ at }) => now - at.getTime() < MINUTE_MS + GATHER_MS);
  const last = recent.at(-1);
  if (count === 0) return recent;
  if (last === undefined || now - last.at.getTime() >= GATHER_MS) return [...recent, { at: new Date(now), count }];
  return [...recent.slice(0, -1), { at: last.at, count: last.count + count }];
}
