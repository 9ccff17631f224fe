/** The operator's side of reconciling. */
import { AppError } from '../../contracts/app-error.ts';
import type { allocatorApi } from '../../contracts/allocator-api.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import type { MoveParts } from '../moves/parts.ts';
import { limitOf, passedOf, type Brake, type BrakeDocument, type BrakeSettings } from '../reconcile/brake.ts';
import { allocatedIn } from '../reconcile/reconciler.ts';
import type { Rounds } from '../reconcile/rounds.ts';

export interface ReconcileApiParts {
  readonly moves: Pick<MoveParts, 'clusters' | 'owner' | 'now'>;
  readonly brake: Brake;
  readonly settings: BrakeSettings;
  readonly rounds: Rounds;
}

type Mine = Pick<Handlers<typeof allocatorApi.endpoints>, 'getReconcile' | 'letGoBrake'>;

export function reconcileHandlers({ moves, brake, settings, rounds }: ReconcileApiParts): Mine {
  const show = (present: BrakeDocument) => {
    const { heldAt, waiting, allowed, letGoBy } = present;
    const allocated = allocatedIn(moves);
    return {
      held: heldAt !== null,
      ...(heldAt === null ? {} : { heldAt: heldAt.toISOString() }),
      passed: passedOf(present, moves.now()),
      limit: limitOf(allocated, settings),
      allocated,
      waiting,
      allowed,
      ...(letGoBy === null ? {} : { letGoBy }),
    };
  };
  return {
    getReconcile: async () => {
      const [present, round] = await Promise.all([brake.present(), rounds.last()]);
      return { status: 200, body: { brake: show(present), ...(round === undefined ? {} : { round }) } };
    },
    letGoBrake: async ({ body }, { principal, log }) => {
      if (principal === undefined) throw new AppError('internal', 'principal_missing', 'this endpoint needs a caller');
      const present = await brake.letGo(principal.subject, body.allow);
      log.warn('an operator let the brake of the reaper go', { operator: principal.subject, allowed: present.allowed });
      return { status: 200, body: show(present) };
    },
  };
}
