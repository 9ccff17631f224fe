/**
 * How entries lie in the spool. Pure.
 *
 *     ┌────────────┬────────────┬──────────────────┐
 *     │ length u32 │ CRC-32 u32 │ payload (JSON)   │   little-endian, one after the other
 *     └────────────┴────────────┴──────────────────┘
 *
 * A crash may tear the last record: reading stops at the first one that does not hold.
 */
import { crc32 } from 'node:zlib';

const HEAD_BYTES = 8;
/** A length beyond this is no length. */
const LARGEST_PAYLOAD = 16 * 1024 * 1024;

export function encodeRecord(payload: string): Buffer {
  const body = Buffer.from(payload, 'utf8');
  const record = Buffer.allocUnsafe(HEAD_BYTES + body.length);
  record.writeUInt32LE(body.length, 0);
  record.writeUInt32LE(crc32(body), 4);
  body.copy(record, HEAD_BYTES);
  return record;
}

export interface DecodedRecord {
  readonly payload: string;
  /** Where the next record begins. */
  readonly end: number;
}

/** The record at `offset`; `undefined` where none is whole. */
export function decodeRecord(bytes: Buffer, offset: number): DecodedRecord | undefined {
  const start = offset + HEAD_BYTES;
  if (start > bytes.length) return undefined;
  const length = bytes.readUInt32LE(offset);
  const end = start + length;
  if (length > LARGEST_PAYLOAD || end > bytes.length) return undefined;
  const body = bytes.subarray(start, end);
  if (crc32(body) !== bytes.readUInt32LE(offset + 4)) return undefined;
  return { payload: body.toString('utf8'), end };
}
