/**
 * What a keeper has started, on disk, so that its next life (or `down`) finds what a kill -9 of the keeper has left behind:
 *
 *   <run folder>/<name>.json   { name, pid, startTime, owner: { pid, startTime } }
 *
 * Sub-folders belong to keepers that are themselves kept (a node's containers); a sweep goes through them too.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { isAlive } from './process-identity.ts';
import { endProcess } from './end-process.ts';

const Identity = z.object({ pid: z.int().positive(), startTime: z.string() });
const RunRecord = Identity.extend({ name: z.string(), owner: Identity });
export type RunRecord = z.infer<typeof RunRecord>;

/** Synchronous, so that nothing can come between a start and its record. */
export function writeRunRecord(folder: string, record: RunRecord): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(fileOf(folder, record.name), `${JSON.stringify(record)}\n`);
}

export function removeRunRecord(folder: string, name: string): void {
  rmSync(fileOf(folder, name), { force: true });
}

/** All records below the folder; unreadable ones (cut off by a crash) are left out. */
export function readRunRecords(folder: string): { file: string; record: RunRecord }[] {
  let entries: string[];
  try {
    entries = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
  return entries
    .filter((entry) => entry.endsWith('.json'))
    .flatMap((entry) => {
      const file = path.join(folder, entry);
      const record = parse(file);
      return record === undefined ? [] : [{ file, record }];
    });
}

/**
 * Ends every process that a keeper which is no longer alive has left behind, and forgets it; then what those had kept in their turn.
 * @returns the names of those that still lived.
 */
export async function sweepLeftovers(folder: string, graceMs: number): Promise<string[]> {
  const orphaned = readRunRecords(folder).filter(({ record }) => !isAlive(record.owner));
  if (orphaned.length === 0) return [];
  const ended = await Promise.all(
    orphaned.map(async ({ file, record }) => {
      const lived = isAlive(record);
      if (lived) await endProcess(record, graceMs);
      rmSync(file, { force: true });
      return lived ? [record.name] : [];
    }),
  );
  return [...ended.flat(), ...(await sweepLeftovers(folder, graceMs))];
}

/** Ends every process that this one keeps, then what those had kept in their turn. */
export async function endOwn(folder: string, graceMs: number): Promise<void> {
  const own = readRunRecords(folder).filter(
    ({ record }) => record.owner.pid === process.pid && record.pid !== process.pid && isAlive(record),
  );
  await Promise.all(own.map(({ record }) => endProcess(record, graceMs)));
  await sweepLeftovers(folder, graceMs);
}

function fileOf(folder: string, name: string): string {
  return path.join(folder, `${name.replaceAll('/', '_')}.json`);
}

function parse(file: string): RunRecord | undefined {
  try {
    return RunRecord.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}
