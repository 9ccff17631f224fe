/**
 * Name → addresses, a few at a time. The system's resolver takes one of the four threads on which files are read and everybody
 * else's names are resolved: a receiver whose name server does not answer must not take them all.
 */
import type { LookupAddress } from 'node:dns';

export type Lookup = (hostname: string) => Promise<readonly LookupAddress[]>;

const AT_ONCE = 2;

/** Whoever asks for a name that is being looked up gets the same answer. */
export function createSharedLookup(resolve: Lookup): Lookup {
  const running = new Map<string, Promise<readonly LookupAddress[]>>();
  const line: (() => void)[] = [];
  let busy = 0;

  const inTurn = async (hostname: string) => {
    if (busy >= AT_ONCE) await new Promise<void>((go) => void line.push(go));
    else busy += 1;
    try {
      return await resolve(hostname);
    } finally {
      running.delete(hostname);
      // The place is handed on, or given back.
      const next = line.shift();
      if (next === undefined) busy -= 1;
      else next();
    }
  };

  return (hostname) => {
    const known = running.get(hostname);
    if (known !== undefined) return known;
    const asked = inTurn(hostname);
    running.set(hostname, asked);
    return asked;
  };
}
