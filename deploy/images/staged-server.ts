/** The folder that Unreal's build tool stages for a Linux server, looked into before anything is built. */
import { open, readdir } from 'node:fs/promises';
import path from 'node:path';

export type StagedServer = { readonly binary: string } | { readonly fault: string };

const LIBRARY = /\.so(\.|$)/;

/** @returns the server's program, relative to the folder: `MyGame/Binaries/Linux/MyGameServer`. */
export async function stagedServer(folder: string): Promise<StagedServer> {
  let projects;
  try {
    projects = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory() && entry.name !== 'Engine');
  } catch {
    return { fault: `${folder} is no folder that can be read` };
  }
  const found: string[] = [];
  for (const project of projects) {
    const place = path.join(project.name, 'Binaries', 'Linux');
    const names = await readdir(path.join(folder, place)).catch(() => []);
    for (const name of names)
      if (!LIBRARY.test(name) && (await isProgram(path.join(folder, place, name)))) found.push(path.join(place, name));
  }
  const [binary, ...others] = found.toSorted();
  if (binary === undefined) return { fault: `${folder} has no program in PROJECT/Binaries/Linux: is it a staged LinuxServer folder?` };
  if (others.length > 0) return { fault: `${folder} has several programs, leave one: ${[binary, ...others].join(', ')}` };
  return { binary };
}

/** An ELF file that may be executed; symbols, which lie beside it, may not. */
export async function isProgram(file: string): Promise<boolean> {
  const handle = await open(file).catch(() => undefined);
  if (handle === undefined) return false;
  try {
    const stat = await handle.stat();
    if (!stat.isFile() || (stat.mode & 0o111) === 0) return false;
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.equals(Buffer.from('\x7fELF', 'latin1'));
  } finally {
    await handle.close();
  }
}
