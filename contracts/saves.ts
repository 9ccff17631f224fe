/** The saves API: leases, journals and snapshots of worlds and players. */
import { z } from 'zod';
import { defineApi, ORDINARY } from './endpoint.ts';
import { GameJson } from './game-json.ts';
import { ClientId, Instant, PlayerId, Uid } from './words.ts';

/** What a journal belongs to. */
export const SubjectKind = z.enum(['worlds', 'players']).meta({ id: 'SubjectKind' });
export type SubjectKind = z.infer<typeof SubjectKind>;

/** Who may write: one attempt of one allocation. */
export const Holder = z.object({ uid: Uid, attempt: z.int().min(1) }).meta({ id: 'Holder' });
export type Holder = z.infer<typeof Holder>;

export const Lease = z
  .object({
    epoch: z.int().min(1).describe('Every write carries it; an older one is refused'),
    holder: Holder,
    takenAt: Instant,
    durableSeq: z.int().min(0).describe('The newest entry that is stored; the next one is durableSeq + 1'),
  })
  .meta({ id: 'Lease' });
export type Lease = z.infer<typeof Lease>;

/** Why saves never takes an entry, however often it is sent. */
export const EntryRefusal = z
  .object({ code: z.string().max(64).describe('Of the problem document'), detail: z.string().max(256) })
  .meta({ id: 'EntryRefusal' });
export type EntryRefusal = z.infer<typeof EntryRefusal>;

/** The share of an inventory in an entry of another journal: it is that inventory's next entry. */
export const InventoryShare = z
  .object({
    playerId: PlayerId,
    seq: z.int().min(1),
    data: GameJson,
    refused: z
      .literal(true)
      .optional()
      .describe('It has nothing of this: another session had it by then, as saves has found, or a writer who has lost it says so'),
  })
  .meta({ id: 'InventoryShare' });
export type InventoryShare = z.infer<typeof InventoryShare>;

/** More would make one write of many documents. */
export const MOST_SHARES = 8;

export const JournalEntry = z
  .object({
    seq: z.int().min(1),
    data: GameJson,
    inventories: z
      .array(InventoryShare)
      .min(1)
      .max(MOST_SHARES)
      .refine((shares) => new Set(shares.map((share) => share.playerId)).size === shares.length, 'name each player once')
      .optional()
      .describe('Inventories that this entry touches as well: all of them have it when this journal has it'),
    refused: EntryRefusal.optional().describe(
      'The place of an entry that was accepted and never taken by saves: its data is empty, here and in the inventories that it touches. Pass it over',
    ),
  })
  .meta({ id: 'JournalEntry' });
export type JournalEntry = z.infer<typeof JournalEntry>;

export const Snapshot = z
  .object({
    seq: z.int().min(0).describe('The newest entry that it contains'),
    data: z.string().describe('Opaque to us; text, e.g. base64'),
  })
  .meta({ id: 'Snapshot' });
export type Snapshot = z.infer<typeof Snapshot>;

export const Restore = z
  .object({
    durableSeq: z.int().min(0),
    snapshot: Snapshot.optional().describe('On the first page only'),
    entries: z.array(JournalEntry).describe('After the snapshot, in order, without gaps'),
    next: z.int().optional().describe('Where there is more: pass it as `after`'),
  })
  .meta({ id: 'Restore' });
export type Restore = z.infer<typeof Restore>;

const Subject = z.object({ kind: SubjectKind, id: ClientId });
const Epoch = z.int().min(1);
const WRITERS = ['session', 'operator'] as const;

export const savesApi = defineApi({
  name: 'saves',
  title: 'LifeVerse saves',
  version: '1.0.0',
  description: 'What worlds and players keep between sessions. One writer at a time, by epochs.',
  endpoints: {
    takeLease: {
      method: 'POST',
      path: '/v1/{kind}/{id}/lease',
      summary: 'Become the one writer',
      description:
        'Fences every earlier holder at once. The same holder again gets the same epoch. A session may take leases of the players in its grant only; a world is leased by the allocator.',
      access: ['allocator', 'session', 'operator'],
      params: Subject,
      body: z.object({
        holder: Holder,
        madeAt: Instant.optional().describe('When the session was made: it never displaces a later one, however late its request comes'),
      }),
      responses: { 200: { description: 'The lease', body: Lease } },
      errors: ['conflict'],
      limits: ORDINARY,
      idempotency: 'repeatable',
    },
    getLease: {
      method: 'GET',
      path: '/v1/{kind}/{id}/lease',
      summary: 'Who may write',
      access: ['allocator', 'session', 'operator'],
      params: Subject,
      responses: { 200: { description: 'The lease', body: Lease } },
      errors: ['not-found'],
      limits: ORDINARY,
      idempotency: 'safe',
    },
    appendEntries: {
      method: 'POST',
      path: '/v1/{kind}/{id}/entries',
      summary: 'Append to the journal, exactly once per sequence number',
      description:
        'Entries that are stored already are passed over; a gap or an older epoch is a conflict (`sequence_gap`, `epoch_stale`). Shares of inventories are stored in the same write, each exactly once; where another session has an inventory by now its shares are marked `refused`, and the entry is stored without them. `invalid` and `too-large` say never: faults point at the entry where it is known. What is wrong with an inventory points at a share of it.',
      access: WRITERS,
      params: Subject,
      body: z.object({
        epoch: Epoch,
        entries: z.array(JournalEntry).min(1).max(1_000),
        epochs: z.record(PlayerId, Epoch).optional().describe('Epoch of each inventory that the entries have a share of'),
      }),
      responses: {
        200: {
          description: 'Stored',
          body: z.object({
            durableSeq: z.int(),
            inventories: z
              .record(PlayerId, z.object({ durableSeq: z.int(), fenced: z.boolean() }))
              .optional()
              .describe('Of each inventory touched: what is durable of the given epoch, and whether another session has it now'),
          }),
        },
      },
      errors: ['conflict', 'not-found'],
      limits: { ...ORDINARY, bodyBytes: 4 * 1024 * 1024 },
      idempotency: 'repeatable',
    },
    putSnapshot: {
      method: 'PUT',
      path: '/v1/{kind}/{id}/snapshot',
      summary: 'Close a stretch of the journal',
      access: WRITERS,
      params: Subject,
      body: z.object({ epoch: Epoch, snapshot: Snapshot }),
      responses: { 200: { description: 'Stored', body: z.object({ seq: z.int() }) } },
      errors: ['conflict', 'not-found'],
      limits: { ...ORDINARY, bodyBytes: 12 * 1024 * 1024 },
      idempotency: 'repeatable',
    },
    restore: {
      method: 'GET',
      path: '/v1/{kind}/{id}/restore',
      summary: 'The newest snapshot and the journal after it',
      access: ['session', 'operator', 'backend'],
      params: Subject,
      query: z.object({ after: z.coerce.number().int().min(0).optional() }),
      responses: { 200: { description: 'What is durable', body: Restore } },
      errors: [],
      limits: ORDINARY,
      idempotency: 'safe',
    },
  },
});
