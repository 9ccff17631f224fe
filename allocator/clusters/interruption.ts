/** Ends the present way of watching a cluster, so that the next one has to show that it still lives. */
export interface Interruption {
  /** @param relist what was seen so far may be of another cluster */
  readonly interrupt: (relist?: boolean) => void;
  /** For `followObjects`: of the watch that begins now. */
  readonly begin: () => { readonly signal: AbortSignal; readonly relist: () => boolean };
}

export function createInterruption(): Interruption {
  let watching = new AbortController();
  let relist = false;
  return {
    interrupt: (anew = false) => {
      relist ||= anew;
      watching.abort();
    },
    begin: () => {
      watching = new AbortController();
      return {
        signal: watching.signal,
        relist: () => {
          const asked = relist;
          relist = false;
          return asked;
        },
      };
    },
  };
}
