/**
 * Keeps the book of a cluster's fleets. Nothing of it opens the breaker: who may not read fleets can be placed on all the same, and is
 * only told nothing of closed builds, and resized by no profile.
 */
import type { Log } from '../../runtime/log.ts';
import type { FleetBook } from './fleet-book.ts';
import { followObjects, type FollowParts } from './follow-objects.ts';

export interface FollowFleetsParts extends Pick<FollowParts, 'api' | 'path' | 'silentMs' | 'pageSize' | 'interruption'> {
  readonly book: FleetBook;
  readonly log: Log;
}

/** For the lifecycle: until the signal. */
export function followFleets({ book, log, ...parts }: FollowFleetsParts, signal: AbortSignal): Promise<void> {
  let isAway = false;
  return followObjects(
    {
      ...parts,
      view: book,
      heard: () => {},
      fresh: (isFresh) => {
        if (isFresh) isAway = false;
      },
      relisted: () => {},
      failed: (cause) => {
        if (!isAway)
          log.warn('the fleets of a cluster cannot be followed: builds that are closed there, and resize profiles, are not known', {
            cause,
          });
        isAway = true;
      },
    },
    signal,
  );
}
