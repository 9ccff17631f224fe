/** A client as clients have to be: what was not answered is sent again, with the same id, until it is. */
import { AppError } from '../../../contracts/app-error.ts';
import { letPass } from '../allocator-under-test.ts';

const AGAIN_MS = { first: 40, most: 500 };

/** Repeats what was not answered, or answered with "not now". @throws what else the call throws, and when time is up. */
export async function insist<T>(call: () => Promise<T>, deadlineMs = 300_000): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (let waitMs = AGAIN_MS.first; ; waitMs = Math.min(AGAIN_MS.most, waitMs * 2)) {
    try {
      return await call();
    } catch (cause) {
      const mayRepeat = cause instanceof AppError && (cause.kind === 'unavailable' || cause.kind === 'timeout');
      if (!mayRepeat || performance.now() > end) throw cause;
      // Not all again at the same moment: where a thousand could not connect, some can, and the others follow on their connections.
      await letPass(waitMs * (0.5 + Math.random()));
    }
  }
}
