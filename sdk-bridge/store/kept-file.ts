/** Files that this program wrote itself. That one is not there means that nothing was kept; that it cannot be read means nothing of the kind. */
import { readFile } from 'node:fs/promises';

/** Whoever goes on without what is in the file would write over it. */
export class UnreadableFile extends Error {
  constructor(path: string, cause: unknown) {
    super(`${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'UnreadableFile';
  }
}

/** @returns undefined where there is no such file. @throws UnreadableFile where it cannot be read, or `parse` cannot make anything of it. */
export async function readKept<T>(path: string, parse: (text: string) => T): Promise<T | undefined> {
  try {
    return parse(await readFile(path, 'utf8'));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new UnreadableFile(path, cause);
  }
}
