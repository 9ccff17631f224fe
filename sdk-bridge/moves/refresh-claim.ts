/** Players who were added since the claim: the claim is repeated, which is harmless, but not for each of them alone. */
import { pause } from '../../runtime/deadline.ts';
import type { Log } from '../../runtime/log.ts';
import type { AllocatorLink } from '../backend/allocator-link.ts';
import { claimed } from '../session.ts';
import type { SessionStore } from '../store/session-store.ts';

const AGAIN_MS = 1_000;

/** Never rejects: who is not known afterwards has no seat. Whoever comes while it is too early waits for the next one, with all others. */
export function createClaimRefresh(
  store: SessionStore,
  allocator: Pick<AllocatorLink, 'claim'>,
  log: Log,
  now: () => number,
  signal: AbortSignal,
): () => Promise<void> {
  let waiting: Promise<void> | undefined;
  let asking: Promise<void> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  const ask = async () => {
    const { claim } = store.current();
    if (claim === null) return;
    askedAt = now();
    try {
      const fresh = await allocator.claim(claim);
      await store.change((state) => claimed(state, fresh, now()));
    } catch (cause) {
      log.warn('the claim could not be refreshed', { cause });
    }
  };
  const askInTime = async () => {
    // An answer that is under way may have been made before the player was added.
    await asking;
    await pause(Math.max(0, AGAIN_MS - (now() - askedAt)), signal);
    waiting = undefined;
    await (asking = ask());
  };
  return () => (waiting ??= askInTime());
}
