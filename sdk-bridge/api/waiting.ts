/** How long calls are held. */

/** Time to answer before an endpoint's own deadline passes. */
export const MARGIN_MS = 1_000;
/** Longest wait for a journal that is being opened, in milliseconds. */
const OPEN_MS = 5_000;

/** Aborted when a journal takes too long to open, which needs the saves service only in the first process of a session. */
export function opening(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(OPEN_MS)]);
}

/** Aborted after the wait, or when the caller has gone. */
export function waited(signal: AbortSignal, seconds: number): AbortSignal {
  // A timer of no time still takes a millisecond.
  return seconds === 0 ? AbortSignal.abort() : AbortSignal.any([signal, AbortSignal.timeout(seconds * 1_000)]);
}
