/** Pages of allocations, newest first. A page begins where the last one ended, whatever has come or changed since. */
import type { Filter } from 'mongodb';
import { AppError } from '../../contracts/app-error.ts';
import type { AllocationState } from '../../contracts/allocator.ts';
import { translated } from '../../runtime/documents/collection.ts';
import { AllocationDocument } from '../allocation.ts';
import type { Allocations } from './allocations.ts';

export interface Listing {
  readonly client?: string | undefined;
  readonly states?: readonly AllocationState[] | undefined;
  readonly fleet?: string | undefined;
  readonly cluster?: string | undefined;
  readonly player?: string | undefined;
  readonly world?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface Listed {
  readonly allocations: readonly AllocationDocument[];
  /** Absent on the last page. */
  readonly next?: string;
}

/** What is long and not shown in a list. */
const LEFT_OUT = { decisions: [], tries: [], rejections: {}, outbox: [] };
const WITHOUT = { decisions: 0, tries: 0, rejections: 0, outbox: 0 };

/** @throws AppError `invalid` when the cursor is none of ours. */
export async function listAllocations({ documents }: Pick<Allocations, 'documents'>, listing: Listing): Promise<Listed> {
  const { limit } = listing;
  // One more than is shown says whether another page follows.
  const rows = await translated(() =>
    documents.raw
      .find(filterOf(listing), { projection: WITHOUT })
      .sort({ createdAt: -1, _id: -1 })
      .limit(limit + 1)
      .toArray(),
  );
  const found = rows.map((row) => {
    const parsed = AllocationDocument.safeParse({ ...row, ...LEFT_OUT });
    if (parsed.success) return parsed.data;
    throw new AppError('internal', 'document_malformed', 'an allocation has another shape than this build knows', { cause: parsed.error });
  });
  const allocations = found.slice(0, limit);
  const last = allocations.at(-1);
  return { allocations, ...(found.length > limit && last !== undefined ? { next: cursorAt(last) } : {}) };
}

function filterOf({ client, states, fleet, cluster, player, world, cursor }: Listing): Filter<AllocationDocument> {
  return {
    ...(client === undefined ? {} : { client }),
    ...(states === undefined ? {} : { state: states.length === 1 ? states[0] : { $in: [...states] } }),
    ...(fleet === undefined ? {} : { 'request.fleet': fleet }),
    ...(cluster === undefined ? {} : { 'server.cluster': cluster }),
    ...(player === undefined ? {} : { 'seats.id': player }),
    ...(world === undefined ? {} : { 'request.session.world': world }),
    ...(cursor === undefined ? {} : afterCursor(cursor)),
  };
}

function cursorAt({ _id, createdAt }: AllocationDocument): string {
  return Buffer.from(`${createdAt.getTime()}/${_id}`).toString('base64url');
}

function afterCursor(cursor: string): Filter<AllocationDocument> {
  const [, ms, uid] = /^(\d{1,15})\/([0-9a-f]{32})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (ms === undefined || uid === undefined)
    throw new AppError('invalid', 'cursor_invalid', 'the cursor is not one that a page has given as `next`', {
      faults: [{ pointer: '#/query/cursor', detail: 'send the `next` of the page before, or none to begin' }],
    });
  const createdAt = new Date(Number(ms));
  return { createdAt: { $lte: createdAt }, $or: [{ createdAt: { $lt: createdAt } }, { createdAt, _id: { $lt: uid } }] };
}
