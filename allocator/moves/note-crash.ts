/** What a bridge found where its game server died: kept for the trace, once an attempt, whatever has become of the allocation meanwhile. */
import type { Crash } from '../../contracts/crash.ts';
import { KEPT_DECISIONS } from '../store/allocations.ts';
import type { AllocationDocument } from '../allocation.ts';
import type { MoveParts } from './parts.ts';
import { whereOf } from './where-of.ts';

/** The allocation as it is then. The cluster may have told of the death first: then only the trace learns more. */
export async function noteCrash(parts: MoveParts, found: AllocationDocument, crash: Crash): Promise<AllocationDocument> {
  const { _id, attempt } = found;
  const at = new Date(parts.now()).toISOString();
  const { cluster = '', gameServer = '' } = whereOf(found);
  const kept = { ...crash, at, attempt, cluster, gameServer };
  await parts.allocations.documents.change(
    { _id, attempt, 'crashes.attempt': { $ne: attempt } },
    { $push: { crashes: { $each: [kept], $slice: -KEPT_DECISIONS } } },
  );
  return { ...found, crashes: [...found.crashes.filter((one) => one.attempt !== attempt), kept] };
}

/** What an event may tell everybody: no lines of a log. */
export function crashOf({ crashes, attempt }: Pick<AllocationDocument, 'crashes' | 'attempt'>): {
  crash?: Pick<Crash, 'exitCode' | 'signal' | 'dump'>;
} {
  const crash = crashes.find((one) => one.attempt === attempt);
  if (crash === undefined) return {};
  const { exitCode, signal, dump } = crash;
  return {
    crash: {
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(signal === undefined ? {} : { signal }),
      ...(dump === undefined ? {} : { dump }),
    },
  };
}
