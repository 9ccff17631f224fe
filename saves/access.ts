/** What a caller may touch: a session only the world and the players of its grant, and only while it holds their lease. */
import { SessionGrantClaims } from '../contracts/allocator.ts';
import { AppError } from '../contracts/app-error.ts';
import type { Holder, SubjectKind } from '../contracts/saves.ts';
import type { Principal } from '../runtime/token-check.ts';
import { isHolder, type Subject } from './subject.ts';

export type Caller = { readonly is: 'trusted' } | { readonly is: 'session'; readonly grant: SessionGrantClaims };

/** @throws AppError `forbidden` for a session token that is no grant of the allocator's. */
export function callerOf(principal: Principal | undefined): Caller {
  if (principal === undefined) throw new AppError('forbidden', 'caller_unknown', 'this call needs a token');
  if (principal.roles.some((role) => role !== 'session')) return { is: 'trusted' };
  const grant = SessionGrantClaims.safeParse(principal.claims);
  if (!grant.success) throw new AppError('forbidden', 'grant_malformed', 'the session token is not a grant', { cause: grant.error });
  return { is: 'session', grant: grant.data };
}

/** @param pointer where the request names it. @throws AppError `forbidden` where the subject is not in the session's grant. */
export function requireInGrant(caller: Caller, kind: SubjectKind, id: string, pointer?: string): void {
  if (caller.is === 'trusted') return;
  const granted = kind === 'worlds' ? caller.grant.world === id : caller.grant.players.includes(id);
  if (granted) return;
  const detail = `the session's grant does not name ${kind}/${id}`;
  throw new AppError('forbidden', 'not_in_grant', detail, pointer === undefined ? {} : { faults: [{ pointer, detail }] });
}

/** @throws AppError `forbidden` where a session would take a world's lease, or one for somebody else. */
export function requireMayTake(caller: Caller, kind: SubjectKind, holder: Holder): void {
  if (caller.is === 'trusted') return;
  if (kind === 'worlds') throw new AppError('forbidden', 'world_lease_by_allocator', "a world's lease is taken by the allocator");
  const own = caller.grant.holder;
  if (own.uid !== holder.uid || own.attempt !== holder.attempt)
    throw new AppError('forbidden', 'holder_not_granted', 'a session takes leases for itself only');
}

/** @throws AppError `forbidden` where another than the session holds the lease. */
export function requireHolds(caller: Caller, subject: Subject): void {
  if (caller.is === 'session' && !isHolder(subject, caller.grant.holder))
    throw new AppError('forbidden', 'lease_not_held', `the lease of ${subject._id} is not this session's`);
}
