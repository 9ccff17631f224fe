import { readFile } from 'node:fs/promises';

/** Of the kernel's files, such as those below `/proc`: undefined where there is no such file, or it cannot be read. */
export async function textOfFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
