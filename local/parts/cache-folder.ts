import { homedir } from 'node:os';
import path from 'node:path';

/** `LIFEVERSE_CACHE`, else `~/.cache/lifeverse` (`$XDG_CACHE_HOME/lifeverse` where that is set). */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  const given = env['LIFEVERSE_CACHE'];
  if (given !== undefined && given !== '') return path.resolve(given);
  return path.join(env['XDG_CACHE_HOME'] ?? path.join(env['HOME'] ?? homedir(), '.cache'), 'lifeverse');
}
