/** What an id stands for, and what its caller is shown of it. */
import type { Allocation } from '../../contracts/allocator.ts';
import { AppError } from '../../contracts/app-error.ts';
import type { Principal } from '../../runtime/token-check.ts';
import { keyOfId, type AllocationDocument, type KeptSeat } from '../allocation.ts';
import { holdsSeats } from '../seats.ts';
import type { AliasDocument, Aliases } from '../store/aliases.ts';
import type { Allocations } from '../store/allocations.ts';
import type { Signer } from '../tickets/join-ticket.ts';
import { viewOf } from './view.ts';

export interface Found {
  /** As it was asked for. */
  readonly id: string;
  /** See `keyOfId`. */
  readonly key: string;
  readonly allocation: AllocationDocument;
  /** Present where the id joined the session of another. */
  readonly alias?: AliasDocument;
}

/** @throws AppError `not-found`, also for an id of another client whom this caller may not see. */
export type LookUp = (id: string, caller: Principal) => Promise<Found>;

export function createLookUp(allocations: Allocations, aliases: Aliases): LookUp {
  return async (id, caller) => {
    const client = seesAll(caller) ? undefined : caller.subject;
    const own = await allocations.findById(id, client);
    if (own !== undefined) return { id, key: keyOfId(own.client, own.id), allocation: own };
    const alias = client === undefined ? await aliases.findById(id) : await aliases.find(keyOfId(client, id));
    const allocation = alias === undefined ? undefined : await allocations.find(alias.target);
    // One that was refused, or whose party is still on its way, is not there yet.
    if (alias === undefined || allocation === undefined || (alias.state === 'joining' && !holdsSeats(allocation.seats, alias._id)))
      throw new AppError('not-found', 'allocation_unknown', `there is no allocation ${id}`);
    return { id, key: alias._id, allocation, alias };
  };
}

/** While ready, with the admissions of those whom the id brought: all of them where it is the session's own id. */
export type Show = (found: Found, whose?: (seat: KeptSeat) => boolean) => Promise<Allocation>;

export function createShow(signer: Signer): Show {
  return async ({ id, key, allocation, alias }, whose = (seat) => alias === undefined || seat.by.includes(key)) => {
    const shown = allocation.state === 'ready' ? allocation.seats.filter(whose) : [];
    return viewOf(allocation, await Promise.all(shown.map((seat) => signer.admission(allocation, seat))), id);
  };
}

export function callerOf(principal: Principal | undefined): Principal {
  if (principal === undefined) throw new AppError('internal', 'principal_missing', 'this endpoint needs a caller');
  return principal;
}

/** The others see what their own client asked for. */
export function seesAll(caller: Principal): boolean {
  return caller.roles.some((role) => role === 'operator' || role === 'backend');
}
