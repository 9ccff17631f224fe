/**
 * What a game server leaves where it dies, found in folders that it shares with the bridge, and kept beside the spool:
 *
 *     GAME_LOG_FILE            its log
 *     GAME_CRASH_DIR/*         dumps: a file or a folder each, as Unreal makes them below Saved/Crashes
 *     GAME_CRASH_DIR/exit-code what `unreal/run-server.sh` saw
 *       ▼
 *     SPOOL_DIR/crashes/<when>/{crash.json, log-tail.txt, dump/…}      the newest few
 *
 * The game server is the one that strangers talk to: links that it makes are not followed, and sizes are bounded.
 */
import { constants } from 'node:fs';
import { cp, lstat, mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Crash } from '../../contracts/crash.ts';

export interface CrashFolders {
  readonly logFile: string | undefined;
  readonly dumpFolder: string | undefined;
  /** Where what was found is kept. */
  readonly keptIn: string;
}

export interface Found {
  readonly exitCode: number | undefined;
  readonly logTail: string;
  readonly dump: Crash['dump'];
}

const TAIL_BYTES = 64 * 1024;
/** A larger dump is named and not copied: the node's disk is shared. */
const DUMP_BYTES = 256 * 1024 * 1024;
const MOST_ENTRIES = 1_000;
const KEPT_CRASHES = 5;
const EXIT_CODE = 'exit-code';

/** Looks at what is newer than `since`, in milliseconds since the epoch. Never rejects: what cannot be read is not there. */
export async function findEvidence({ logFile, dumpFolder }: CrashFolders, since: number): Promise<Found> {
  const [logTail = '', code, dump] = await Promise.all([
    logFile === undefined ? undefined : tailOf(logFile, TAIL_BYTES),
    dumpFolder === undefined ? undefined : freshTail(join(dumpFolder, EXIT_CODE), since),
    dumpFolder === undefined ? undefined : newestDump(dumpFolder, since),
  ]);
  const exitCode = /^\d{1,3}\s*$/.test(code ?? '') && Number(code) < 256 ? Number(code) : undefined;
  return { exitCode, logTail, dump };
}

/** @returns the folder in which it is kept. */
export async function keepEvidence({ dumpFolder, keptIn }: CrashFolders, found: Found, crash: Crash, at: number): Promise<string> {
  const folder = join(keptIn, new Date(at).toISOString().replaceAll(':', '-'));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'crash.json'), `${JSON.stringify(crash, undefined, 2)}\n`, { mode: 0o600 });
  if (found.logTail !== '') await writeFile(join(folder, 'log-tail.txt'), found.logTail, { mode: 0o600 });
  if (dumpFolder !== undefined && found.dump !== undefined && found.dump.bytes <= DUMP_BYTES) {
    const filter = async (source: string) => {
      const { isFile, isDirectory } = await kindOf(source);
      return isFile || isDirectory;
    };
    await cp(join(dumpFolder, found.dump.name), join(folder, 'dump', found.dump.name), { recursive: true, filter });
  }
  const older = (await readdir(keptIn)).toSorted().slice(0, -KEPT_CRASHES);
  for (const name of older) await rm(join(keptIn, name), { recursive: true, force: true });
  return folder;
}

async function newestDump(folder: string, since: number): Promise<Crash['dump']> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name !== EXIT_CODE).slice(0, MOST_ENTRIES);
  const entries = await Promise.all(names.map(async (name) => ({ name, ...(await kindOf(join(folder, name))) })));
  const fresh = entries.filter(({ isFile, isDirectory, changedAt }) => (isFile || isDirectory) && changedAt >= since);
  const newest = fresh.toSorted((a, b) => b.changedAt - a.changedAt)[0];
  if (newest === undefined) return undefined;
  return { name: basename(newest.name).slice(0, 256), bytes: await bytesIn(join(folder, newest.name)) };
}

async function bytesIn(path: string): Promise<number> {
  const kind = await kindOf(path);
  if (!kind.isDirectory) return kind.bytes;
  const names = (await readdir(path).catch(() => [])).slice(0, MOST_ENTRIES);
  const sizes = await Promise.all(names.map((name) => bytesIn(join(path, name))));
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

interface Kind {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly bytes: number;
  readonly changedAt: number;
}

async function kindOf(path: string): Promise<Kind> {
  try {
    const stats = await lstat(path);
    return { isFile: stats.isFile(), isDirectory: stats.isDirectory(), bytes: stats.size, changedAt: stats.mtimeMs };
  } catch {
    return { isFile: false, isDirectory: false, bytes: 0, changedAt: 0 };
  }
}

async function freshTail(path: string, since: number): Promise<string | undefined> {
  return (await kindOf(path)).changedAt >= since ? tailOf(path, 16) : undefined;
}

async function tailOf(path: string, most: number): Promise<string | undefined> {
  if (!(await kindOf(path)).isFile) return undefined;
  try {
    // Windows has neither of the two.
    const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    try {
      const { size } = await file.stat();
      const bytes = Buffer.alloc(Math.min(most, size));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, size - bytes.length);
      return bytes.subarray(0, bytesRead).toString('utf8');
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
