/**
 * A player's saves are leased to this session when the player comes in, which fences the server that had them before. Whoever comes in
 * again is leased again: they may have been elsewhere in between.
 */
import { AppError } from '../../contracts/app-error.ts';
import type { Holder, Lease } from '../../contracts/saves.ts';
import type { Log } from '../../runtime/log.ts';
import { keepTrying } from '../backend/keep-trying.ts';

export interface PlayerLeases {
  /** Tries once; when saves is away it goes on in the background, so that nobody is kept at the door. Never rejects. */
  take(playerId: string): Promise<void>;
  /** Of the newest lease that was taken by this process. */
  epochOf(playerId: string): number | undefined;
  /** It is still being taken. */
  isTrying(playerId: string): boolean;
  /** Takes it, for as long as it takes. @throws what the last try threw when the signal comes first, or when it is not to be had. */
  need(playerId: string, signal: AbortSignal): Promise<number>;
}

export interface PlayerLeaseParts {
  readonly takeLease: (playerId: string, holder: Holder) => Promise<Lease>;
  readonly holder: () => Holder | undefined;
  readonly onLease: (playerId: string, lease: Lease) => Promise<void>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export function createPlayerLeases({ takeLease, holder, onLease, log, signal }: PlayerLeaseParts): PlayerLeases {
  const epochs = new Map<string, number>();
  const trying = new Set<string>();

  const attempt = async (playerId: string) => {
    const ours = holder();
    if (ours === undefined) throw new AppError('unavailable', 'no_session', 'there is no session to take a lease for', { retryAfter: 1 });
    const lease = await takeLease(playerId, { uid: ours.uid, attempt: ours.attempt });
    epochs.set(playerId, lease.epoch);
    await onLease(playerId, lease);
    return lease.epoch;
  };

  const goOn = async (playerId: string) => {
    if (trying.has(playerId)) return;
    trying.add(playerId);
    try {
      await keepTrying("taking a player's lease", () => attempt(playerId), { signal, log });
    } catch (cause) {
      if (!signal.aborted) log.warn("a player's lease is not to be had", { playerId, cause });
    } finally {
      trying.delete(playerId);
    }
  };

  return {
    epochOf: (playerId) => epochs.get(playerId),
    isTrying: (playerId) => trying.has(playerId),
    need: (playerId, until) => keepTrying("taking a player's lease", () => attempt(playerId), { signal: until, log }),
    take: async (playerId) => {
      if (holder() === undefined) return;
      try {
        await attempt(playerId);
      } catch (cause) {
        // What was known may be over: whoever loads the inventory waits for the new one.
        epochs.delete(playerId);
        log.warn("a player's lease was not taken at once", { playerId, code: cause instanceof AppError ? cause.code : undefined });
        void goOn(playerId);
      }
    },
  };
}
