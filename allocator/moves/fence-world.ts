/** A world has one writer: the attempt that is placed becomes it, which fences every earlier one. */
import { AppError } from '../../contracts/app-error.ts';
import { aboutOf, type AllocationDocument } from '../allocation.ts';
import type { MoveParts } from './parts.ts';

/** The epoch of the attempt's lease, the same however often it is taken; null where no world is played. */
export async function fenceWorld(parts: MoveParts, placing: AllocationDocument): Promise<number | null | 'saves-away'> {
  const { world } = placing.request.session;
  if (world === undefined) return null;
  try {
    return await parts.worldLeases.take(world, { uid: placing._id, attempt: placing.attempt }, placing.createdAt);
  } catch (cause) {
    parts.log.warn('the world could not be leased; its allocation waits', {
      ...aboutOf(placing),
      cause: cause instanceof AppError ? cause.code : cause,
    });
    return 'saves-away';
  }
}
