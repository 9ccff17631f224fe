/** Entries that saves never takes, whole, in files of their own: for whoever finds out why, for as long as the pod's volume lives. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonText } from '../../contracts/json-text.ts';
import type { EntryRefusal } from '../../contracts/saves.ts';
import { writeDurably } from '../store/write-durably.ts';
import type { EntryRecord } from './journal-head.ts';

/** Of all that are kept: the node's disk is shared. The first ones tell most. */
const MOST_BYTES = 64 * 1024 * 1024;

/** @returns the file, the same for the same entry; undefined where there is no more room. */
export async function keepRefused(folder: string, record: EntryRecord, why: EntryRefusal, at: number): Promise<string | undefined> {
  await mkdir(folder, { recursive: true });
  const { journal, generation, entry } = record;
  const text = `${jsonText({ journal, at: new Date(at).toISOString(), why, entry })}\n`;
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
  if (sizes.reduce((sum, bytes) => sum + bytes, Buffer.byteLength(text)) > MOST_BYTES) return undefined;
  const digest = createHash('sha256').update(journal).digest('hex').slice(0, 8);
  const path = join(folder, `${journal.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 64)}-${digest}-${generation}-${entry.seq}.json`);
  await writeDurably(path, text);
  return path;
}
