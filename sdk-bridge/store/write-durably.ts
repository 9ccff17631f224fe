/** Files that survive a crash at any moment: the old content or the new one, never a mix. */
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Resolves when the content is on disk under its name. Readable by this user only: sessions hold keys and grants. */
export async function writeDurably(path: string, content: string): Promise<void> {
  const draft = `${path}.draft`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncFolder(dirname(path));
}

/** Makes the names in a folder durable: files made, renamed or removed in it. Windows does so by itself, and opens no folders. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
