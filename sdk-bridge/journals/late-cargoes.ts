/**
 * Cargoes on which saves fails, while others go on. What they touch is held, and so is whatever follows in a journal that is held, with all
 * that it touches: each journal keeps its order.
 *
 *     spool   ─────┬───── settled ─────┬── late ── stored ── waits ── stored ──┬── not looked at yet ──
 *                                    cursor                                  ahead
 *
 * Once one of them is done, the spool is read from the cursor again, and what is stored by then is passed over.
 */
import type { JournalKey } from './journal-head.ts';
import { touchedBy, type Cargo } from './plan-wave.ts';

export interface LateCargoes {
  /** Journals that nothing may be sent of. */
  held(): ReadonlySet<JournalKey>;
  /** These as well, until the next release. */
  hold(journals: ReadonlySet<JournalKey>): void;
  /** Resolves when it is sent, or fails for the first time: then it is late. @throws what sending throws before that. */
  unlessFailing(cargo: Cargo): Promise<void>;
  /** Aborted when one is late no more. */
  changed(): AbortSignal;
  /** Whether one is late no more: only what the others touch is held now. @throws what sending it threw. */
  release(): boolean;
  /** Resolves when none is on its way. */
  ended(): Promise<void>;
}

/** @param send for as long as it takes; says when it fails. */
export function createLateCargoes(send: (cargo: Cargo, failing: () => void) => Promise<void>): LateCargoes {
  const late = new Map<Promise<void>, readonly JournalKey[]>();
  let held: ReadonlySet<JournalKey> = new Set();
  let change = new AbortController();
  let failure: { readonly cause: unknown } | undefined;

  const keep = (cargo: Cargo, sent: Promise<void>) => {
    const touched = cargo.records.flatMap(touchedBy);
    late.set(sent, touched);
    held = new Set([...held, ...touched]);
    const over = () => {
      late.delete(sent);
      change.abort();
    };
    sent.then(over, (cause: unknown) => {
      failure ??= { cause };
      over();
    });
  };

  return {
    held: () => held,
    hold: (journals) => void (held = journals),
    unlessFailing: async (cargo) => {
      const failing = Promise.withResolvers<'failing'>();
      const sent = send(cargo, () => failing.resolve('failing'));
      if ((await Promise.race([sent, failing.promise])) === 'failing') keep(cargo, sent);
    },
    changed: () => change.signal,
    release: () => {
      if (failure !== undefined) throw failure.cause;
      if (!change.signal.aborted) return false;
      change = new AbortController();
      held = new Set([...late.values()].flat());
      return true;
    },
    ended: async () => void (await Promise.allSettled(late.keys())),
  };
}
