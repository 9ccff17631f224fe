/**
 * The saves service of a solo bridge: a folder a world or player, with the same fences.
 *
 *     saves/worlds/<id>/head.json        epoch and holder
 *                      /journal.jsonl    an entry a line
 *                      /snapshot.json
 */
import { createHash } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../contracts/app-error.ts';
import { jsonText } from '../../contracts/json-text.ts';
import { ownMember } from '../../contracts/own-member.ts';
import { Holder, JournalEntry, Snapshot, type savesApi, type Lease } from '../../contracts/saves.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import { writeDurably } from '../store/write-durably.ts';
import { readKept } from '../store/kept-file.ts';

export interface FolderSaves {
  readonly handlers: Handlers<(typeof savesApi)['endpoints']>;
  /** As the allocator does before it asks a cluster: the next epoch. */
  takeWorld(id: string, holder: Holder): Promise<Lease>;
  forget(): Promise<void>;
}

type Kind = 'worlds' | 'players';

const Head = z.object({ id: z.string(), epoch: z.int(), holder: Holder, takenAt: z.string() });
type Head = z.infer<typeof Head>;

interface Subject {
  readonly folder: string;
  head: Head | undefined;
  snapshot: Snapshot | undefined;
  readonly entries: JournalEntry[];
  /** One change at a time. */
  turn: Promise<unknown>;
}

const PAGE_ENTRIES = 1_000;

/** @param now milliseconds since the epoch. @param broken is told of a file that cannot be read: nobody can go on then. */
export function createFolderSaves(root: string, now: () => number, broken: (cause: unknown) => void): FolderSaves {
  const subjects = new Map<string, Promise<Subject>>();
  const subjectOf = (kind: Kind, id: string) => {
    const key = `${kind}/${id}`;
    const known = subjects.get(key) ?? openSubject(join(root, kind, folderName(id)));
    if (!subjects.has(key)) known.catch(broken);
    subjects.set(key, known);
    return known;
  };
  const inTurn = async <T>(kind: Kind, id: string, work: (subject: Subject) => Promise<T>): Promise<T> => {
    const subject = await subjectOf(kind, id);
    const done = subject.turn.then(() => work(subject));
    subject.turn = done.catch(() => {});
    return done;
  };

  const take = (kind: Kind, id: string, holder: Holder) =>
    inTurn(kind, id, async (subject) => {
      const { head } = subject;
      if (head?.holder.uid === holder.uid && head.holder.attempt === holder.attempt) return leaseOf(subject, id);
      await mkdir(subject.folder, { recursive: true });
      const taken = { id, epoch: (head?.epoch ?? 0) + 1, holder, takenAt: new Date(now()).toISOString() };
      await writeDurably(join(subject.folder, 'head.json'), `${JSON.stringify(taken)}\n`);
      subject.head = taken;
      return leaseOf(subject, id);
    });

  /**
   * Inventories have their shares before the journal has the entry: killed in between, the entry comes again, and finds them stored.
   * A share of an inventory that another session has by now is refused.
   */
  const storeShares = async (fresh: readonly JournalEntry[], epochs: Readonly<Record<string, number>>) => {
    const refused = new Set<string>();
    for (const [playerId, shares] of sharesByPlayer(fresh)) {
      await inTurn('players', playerId, async (inventory) => {
        const epoch = ownMember(epochs, playerId);
        if (epoch === undefined) throw new AppError('invalid', 'epoch_missing', `epochs does not name the inventory of ${playerId}`);
        if (inventory.head !== undefined && epoch < inventory.head.epoch) return void refused.add(playerId);
        permit(inventory, playerId, epoch);
        await append(inventory, freshOf(inventory, playerId, shares));
      });
    }
    const marked = ({ inventories, ...entry }: JournalEntry): JournalEntry =>
      inventories === undefined
        ? entry
        : {
            ...entry,
            inventories: inventories.map((share) => (refused.has(share.playerId) ? { ...share, refused: true as const } : share)),
          };
    return { marked };
  };
  const answersOf = async (entries: readonly JournalEntry[], epochs: Readonly<Record<string, number>>) => {
    const players = [...sharesByPlayer(entries).keys()];
    if (players.length === 0) return undefined;
    const answers = players.map(async (playerId) => {
      const inventory = await subjectOf('players', playerId);
      return [
        playerId,
        { durableSeq: durableOf(inventory), fenced: (ownMember(epochs, playerId) ?? 0) < (inventory.head?.epoch ?? 0) },
      ] as const;
    });
    return Object.fromEntries(await Promise.all(answers));
  };

  return {
    takeWorld: (id, holder) => take('worlds', id, holder),
    forget: async () => {
      await rm(root, { recursive: true, force: true });
      subjects.clear();
    },
    handlers: {
      takeLease: async ({ params, body }) => ({ status: 200, body: await take(params.kind, params.id, body.holder) }),
      getLease: async ({ params }) => ({ status: 200, body: leaseOf(await subjectOf(params.kind, params.id), params.id) }),
      appendEntries: async ({ params, body: { epoch, epochs = {}, entries } }) => ({
        status: 200,
        body: await inTurn(params.kind, params.id, async (subject) => {
          permit(subject, params.id, epoch);
          const fresh = freshOf(subject, params.id, entries);
          const shares = await storeShares(fresh, epochs);
          await append(subject, fresh.map(shares.marked));
          const inventories = await answersOf(entries, epochs);
          return { durableSeq: durableOf(subject), ...(inventories === undefined ? {} : { inventories }) };
        }),
      }),
      putSnapshot: async ({ params, body: { epoch, snapshot } }) => ({
        status: 200,
        body: await inTurn(params.kind, params.id, async (subject) => {
          permit(subject, params.id, epoch);
          if (snapshot.seq > durableOf(subject))
            throw new AppError('conflict', 'snapshot_ahead', `the journal of ${params.id} is durable up to ${durableOf(subject)} only`);
          if (subject.snapshot !== undefined && subject.snapshot.seq > snapshot.seq) return { seq: subject.snapshot.seq };
          await writeDurably(join(subject.folder, 'snapshot.json'), `${JSON.stringify(snapshot)}\n`);
          subject.snapshot = snapshot;
          return { seq: snapshot.seq };
        }),
      }),
      restore: async ({ params, query }) => {
        const subject = await subjectOf(params.kind, params.id);
        const { snapshot } = subject;
        const after = query.after ?? snapshot?.seq ?? 0;
        const entries = subject.entries.filter(({ seq }) => seq > after).slice(0, PAGE_ENTRIES);
        const last = entries.at(-1)?.seq ?? after;
        const first = query.after === undefined && snapshot !== undefined ? { snapshot } : {};
        const more = last < durableOf(subject) ? { next: last } : {};
        return { status: 200, body: { durableSeq: durableOf(subject), entries, ...first, ...more } };
      },
    },
  };
}

/** Those that are not stored yet. @throws AppError `conflict` where some are missing before them. */
function freshOf(subject: Subject, id: string, entries: readonly JournalEntry[]): JournalEntry[] {
  const fresh = entries.filter(({ seq }) => seq > durableOf(subject));
  const gap = fresh.find(({ seq }, at) => seq !== durableOf(subject) + at + 1);
  if (gap !== undefined) throw new AppError('conflict', 'sequence_gap', `the next entry of ${id} is ${durableOf(subject) + 1}`);
  return fresh;
}

async function append(subject: Subject, fresh: readonly JournalEntry[]): Promise<void> {
  if (fresh.length > 0) await appendLines(join(subject.folder, 'journal.jsonl'), fresh);
  subject.entries.push(...fresh);
}

/** What the entries give to each inventory, as entries of its own journal. */
function sharesByPlayer(entries: readonly JournalEntry[]): Map<string, JournalEntry[]> {
  const shares = new Map<string, JournalEntry[]>();
  for (const { inventories = [], refused: why } of entries)
    for (const { playerId, seq, data, refused } of inventories)
      if (refused !== true)
        shares.set(playerId, [...(shares.get(playerId) ?? []), { seq, data, ...(why === undefined ? {} : { refused: why }) }]);
  return shares;
}

function permit({ head }: Subject, id: string, epoch: number): void {
  if (head === undefined) throw new AppError('not-found', 'lease_absent', `${id} has no lease yet: take one first`);
  if (epoch < head.epoch) throw new AppError('conflict', 'epoch_stale', `epoch ${epoch} is over; ${id} is at epoch ${head.epoch}`);
  if (epoch > head.epoch) throw new AppError('conflict', 'epoch_unknown', `${id} is at epoch ${head.epoch}: take the lease again`);
}

function leaseOf(subject: Subject, id: string): Lease {
  if (subject.head === undefined) throw new AppError('not-found', 'lease_absent', `${id} has no lease yet: take one first`);
  const { epoch, holder, takenAt } = subject.head;
  return { epoch, holder, takenAt, durableSeq: durableOf(subject) };
}

function durableOf({ entries }: Subject): number {
  return entries.at(-1)?.seq ?? 0;
}

/** Readable, and apart where a file system takes upper and lower case, or characters that it does not know, for the same. */
function folderName(id: string): string {
  const digest = createHash('sha256').update(id).digest('hex').slice(0, 8);
  return `${id.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 64)}-${digest}`;
}

async function openSubject(folder: string): Promise<Subject> {
  const [head, snapshot, entries] = await Promise.all([
    readKept(join(folder, 'head.json'), (text) => Head.parse(JSON.parse(text))),
    readKept(join(folder, 'snapshot.json'), (text) => Snapshot.parse(JSON.parse(text))),
    readKept(join(folder, 'journal.jsonl'), readJournal),
  ]);
  return { folder, head, snapshot, entries: entries ?? [], turn: Promise.resolve() };
}

/** What is behind the last line's end was cut off by a crash, and never told as stored. */
function readJournal(text: string): JournalEntry[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JournalEntry.parse(JSON.parse(line)));
}

/** On disk when it resolves. A line that a crash has cut off is overwritten. */
async function appendLines(path: string, entries: readonly JournalEntry[]): Promise<void> {
  const text = (await readKept(path, (whole) => whole)) ?? '';
  const whole = Buffer.byteLength(text.slice(0, text.lastIndexOf('\n') + 1));
  const file = await open(path, text === '' ? 'w+' : 'r+');
  try {
    const bytes = Buffer.from(entries.map((entry) => `${jsonText(entry)}\n`).join(''));
    await file.truncate(whole);
    await file.write(bytes, 0, bytes.length, whole);
    await file.datasync();
  } finally {
    await file.close();
  }
}
