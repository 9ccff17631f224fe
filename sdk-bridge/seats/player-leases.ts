/** A player's saves are leased to this session when the player comes in, which fences the server that had them before. */
import { AppError } from '../../contracts/app-error.ts';
import type { Holder, Lease } from '../../contracts/saves.ts';
import type { Log } from '../../runtime/log.ts';
import { keepTrying } from '../backend/keep-trying.ts';

export interface PlayerLeases {
  /** Tries once; when saves is away it goes on in the background, so that nobody is kept at the door. Never rejects. */
  take(playerId: string): Promise<void>;
}

export interface PlayerLeaseParts {
  readonly takeLease: (playerId: string, holder: Holder) => Promise<Lease>;
  readonly holder: () => Holder | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export function createPlayerLeases({ takeLease, holder, log, signal }: PlayerLeaseParts): PlayerLeases {
  const held = new Set<string>();
  const trying = new Set<string>();

  const goOn = async (playerId: string, attempt: () => Promise<void>) => {
    if (trying.has(playerId)) return;
    trying.add(playerId);
    try {
      await keepTrying("taking a player's lease", attempt, { signal, log });
    } catch (cause) {
      if (!signal.aborted) log.warn("a player's lease is not to be had", { playerId, cause });
    } finally {
      trying.delete(playerId);
    }
  };

  return {
    take: async (playerId) => {
      const ours = holder();
      if (ours === undefined || held.has(playerId)) return;
      const attempt = async () => {
        await takeLease(playerId, { uid: ours.uid, attempt: ours.attempt });
        held.add(playerId);
      };
      try {
        await attempt();
      } catch (cause) {
        log.warn("a player's lease was not taken at once", { playerId, code: cause instanceof AppError ? cause.code : undefined });
        void goOn(playerId, attempt);
      }
    },
  };
}
