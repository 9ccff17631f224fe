/** When a delivery that failed is tried again. Pure. */

const FIRST_MS = 1_000;
const LONGEST_MS = 15 * 60_000;
/** A receiver may ask for more patience than we would have had, up to this. */
const LONGEST_ASKED_MS = 60 * 60_000;
/** Spread to both sides, so that what failed together does not come again together. */
const JITTER = 0.2;

/**
 * Milliseconds until the next try.
 * @param attempts tries so far, at least 1
 * @param luck evenly from 0 to 1
 */
export function retryDelay(attempts: number, retryAfterMs: number | undefined, luck: number): number {
  const doubled = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempts - 1, 30));
  const ours = doubled * (1 - JITTER + 2 * JITTER * luck);
  return Math.round(Math.max(ours, Math.min(retryAfterMs ?? 0, LONGEST_ASKED_MS)));
}

/** A Retry-After header (RFC 9110, section 10.2.3: seconds or a date) in milliseconds from now. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,10}$/.test(header)) return Number(header) * 1_000;
  // A date ends with its zone; anything else that Date.parse takes is not meant.
  const at = header.endsWith('GMT') ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
