/**
 * Volumes without mounts. A process here sees the machine's own files, so a path inside a volume is handed to it as the real one: wherever
 * an environment variable or an argument names a `mountPath`, alone or as the beginning of a path, it is replaced by the volume's folder.
 * A program that knows such a path by heart, and is not told it, does not find it here: our images are always told.
 */

export interface MountedVolume {
  readonly mountPath: string;
  readonly folder: string;
}

export function rewriteMounts(text: string, mounts: readonly MountedVolume[]): string {
  // The longest first: a volume may be mounted inside another one.
  const ordered = mounts.toSorted((a, b) => b.mountPath.length - a.mountPath.length);
  const pattern = ordered.map(({ mountPath }) => escape(mountPath.replace(/\/+$/, ''))).join('|');
  if (pattern === '') return text;
  // A path begins at the start of the value or behind what separates it from a name or a scheme, and ends at a boundary of a path.
  return text.replace(new RegExp(`(?<=^|[=:,\\s"'])(${pattern})(?=$|[/,:\\s"'])`, 'g'), (found) => {
    const mount = ordered.find(({ mountPath }) => mountPath.replace(/\/+$/, '') === found);
    return mount === undefined ? found : mount.folder;
  });
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
