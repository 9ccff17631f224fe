/** A snapshot as it is stored: in parts, since a document holds 16 MiB at most. */
import { Binary } from 'mongodb';
import { z } from 'zod';
import { AppError } from '../../contracts/app-error.ts';
import type { SnapshotPointer } from '../subject.ts';

export const SnapshotPart = z.object({
  /** `SNAPSHOT/INDEX`. */
  _id: z.string(),
  snapshot: z.string(),
  subject: z.string(),
  seq: z.int(),
  index: z.int(),
  bytes: z.instanceof(Binary),
});
export type SnapshotPart = z.infer<typeof SnapshotPart>;

const PART_BYTES = 8 * 1024 * 1024;

/** @throws AppError `invalid` for a text with half a surrogate pair, which no encoding keeps. */
export function splitSnapshot(id: string, subject: string, seq: number, text: string): { pointer: SnapshotPointer; parts: SnapshotPart[] } {
  if (!text.isWellFormed())
    throw new AppError('invalid', 'snapshot_not_text', 'the snapshot is not well-formed text; encode bytes, e.g. as base64');
  const all = Buffer.from(text, 'utf8');
  const count = Math.max(1, Math.ceil(all.length / PART_BYTES));
  const parts = Array.from({ length: count }, (_, index) => ({
    _id: `${id}/${index}`,
    snapshot: id,
    subject,
    seq,
    index,
    bytes: new Binary(all.subarray(index * PART_BYTES, (index + 1) * PART_BYTES)),
  }));
  return { pointer: { id, seq, parts: count, bytes: all.length }, parts };
}

/** `undefined` where a part is missing: the snapshot was replaced meanwhile. */
export function joinSnapshot(pointer: SnapshotPointer, parts: readonly SnapshotPart[]): string | undefined {
  if (parts.length !== pointer.parts) return undefined;
  const inOrder = parts.toSorted((a, b) => a.index - b.index);
  return Buffer.concat(inOrder.map((part) => part.bytes.value())).toString('utf8');
}
