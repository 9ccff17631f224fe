import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** What files say, and how they are called, in whichever order they are given. @param files below the root. @param about what else it depends on. */
export function digestOfFiles(root: string, files: readonly string[], about = ''): string {
  const sum = createHash('sha256').update(about);
  for (const file of files.toSorted()) sum.update(`${file}\n`).update(readFileSync(path.join(root, file)));
  return sum.digest('hex');
}
