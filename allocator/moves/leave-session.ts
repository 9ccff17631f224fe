/** An id that joined the session of another gives up the seats that it brought; the session goes on. */
import { AppError } from '../../contracts/app-error.ts';
import type { AliasDocument, Aliases } from '../store/aliases.ts';
import type { Seats } from './seat.ts';

/** Each time the same id was asked for, or left, at the same moment. */
const TRIES = 10;

/** Stored first that it has left, so that a repeat frees the seats if this process dies in between. */
export async function leaveSession({ aliases, seats }: { aliases: Aliases; seats: Seats }, alias: AliasDocument): Promise<void> {
  let present: AliasDocument | undefined = alias;
  for (let tries = 0; tries < TRIES && present !== undefined; tries += 1) {
    if (present.state === 'left' || (await aliases.enter(present, 'left'))) return seats.leaveParty(present.target, present._id);
    present = await aliases.find(alias._id);
  }
  if (present !== undefined)
    throw new AppError('unavailable', 'alias_busy', `${alias.id} is being asked for; ask again`, { retryAfter: 1 });
}
