/** Another session holds the world: UE5 is told to go read-only, and the session ends (`moves/keep-session.ts`). */
import type { Log } from '../../runtime/log.ts';
import { fenced } from '../session.ts';
import type { SessionStore } from '../store/session-store.ts';

export function createWorldLoss(store: SessionStore, log: Log): (detail: string) => void {
  return (detail) => {
    log.warn('the world lease is lost', { detail });
    store
      .change((state) => fenced(state, `the world lease is lost: ${detail}`))
      .catch((cause: unknown) => log.error('the session could not be kept', { cause }));
  };
}
