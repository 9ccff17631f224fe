/** How long each test file took when it ran last on this machine: only an order follows from it, so a clone without it runs as well. */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const RunSeconds = z.record(z.string(), z.number().nonnegative());
/** Nothing is known of a file: as a size that is usual for so many bytes of tests. */
const BYTES_A_SECOND = 2_000;

export interface RunSecondsBook {
  /** As measured, else by the file's size. */
  of(file: string): number;
  /** Kept at once, beside what other runs have noted meanwhile. */
  note(file: string, seconds: number): void;
}

/** @param root of the tree that the files are relative to. */
export function openRunSeconds(folder: string, root: string): RunSecondsBook {
  const bookFile = path.join(folder, 'test-seconds.json');
  const known = read(bookFile);
  return {
    of: (file) => known[file] ?? bytesOf(path.join(root, file)) / BYTES_A_SECOND,
    note(file, seconds) {
      mkdirSync(folder, { recursive: true });
      const next = `${bookFile}.${process.pid}`;
      writeFileSync(next, `${JSON.stringify({ ...read(bookFile), [file]: Math.round(seconds * 10) / 10 }, undefined, 1)}\n`);
      renameSync(next, bookFile);
    },
  };
}

function read(file: string): Readonly<Record<string, number>> {
  try {
    return RunSeconds.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {};
  }
}

function bytesOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}
