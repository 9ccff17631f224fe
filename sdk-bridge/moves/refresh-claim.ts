/** Players who were added since the claim: the claim is repeated, which is harmless, but not for every stranger. */
import type { Log } from '../../runtime/log.ts';
import type { AllocatorLink } from '../backend/allocator-link.ts';
import { claimed } from '../session.ts';
import type { SessionStore } from '../store/session-store.ts';

const AGAIN_MS = 1_000;

/** Never rejects: who is not known afterwards has no seat. */
export function createClaimRefresh(store: SessionStore, allocator: AllocatorLink, log: Log, now: () => number): () => Promise<void> {
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
  return () => {
    if (asking === undefined && now() - askedAt < AGAIN_MS) return Promise.resolve();
    return (asking ??= ask().finally(() => (asking = undefined)));
  };
}
