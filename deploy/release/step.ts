/** What a release does, as data: to be shown before it is done, and compared in tests. */
import type { ReleaseState } from '../../contracts/allocator-api/autoscaler.ts';
import type { FleetOfBuild } from './fleet-of-build.ts';
import type { KeptAutoscaler, ReleaseNote } from './observed-fleet.ts';

/** What is written on a fleet. */
export interface Mark {
  readonly name: string;
  readonly state: ReleaseState;
  readonly note: ReleaseNote;
}

interface At {
  readonly cluster: string;
  /** As requests call it. */
  readonly fleet: string;
  /** In Agones. */
  readonly name: string;
  readonly build: string;
}

export type Step = At &
  (
    | { readonly does: 'bring-up'; readonly replicas: number; readonly made: FleetOfBuild; readonly mark: Mark }
    | { readonly does: 'raise'; readonly replicas: number; readonly mark: Mark }
    | { readonly does: 'await-ready'; readonly have: number; readonly wanted: number }
    | {
        readonly does: 'switch';
        /** That the fleet is to have and has not. */
        readonly autoscaler: KeptAutoscaler | undefined;
        /** None where the fleet is current already. */
        readonly mark: Mark | undefined;
        readonly leaving: readonly Mark[];
      }
    /** @property until milliseconds since the epoch; none while its players are not leaving yet */
    | { readonly does: 'await-cut-off'; readonly until: number | undefined; readonly sessions: number }
    | { readonly does: 'close'; readonly autoscaler: string | undefined; readonly mark: Mark; readonly sessions: number }
    | { readonly does: 'delete' }
  );
export type Doing = Step['does'];

/** The order: what comes first is done in every cluster before anything that comes later. */
const PHASE: Readonly<Record<Doing, number>> = {
  'bring-up': 1,
  raise: 1,
  'await-ready': 2,
  switch: 3,
  'await-cut-off': 4,
  close: 5,
  delete: 6,
};

export function inOrder(steps: readonly Step[]): Step[] {
  return steps.toSorted((a, b) => PHASE[a.does] - PHASE[b.does]);
}

/** Those that may be done now. */
export function firstOf(steps: readonly Step[]): Step[] {
  const first = Math.min(...steps.map(({ does }) => PHASE[does]));
  return steps.filter(({ does }) => PHASE[does] === first);
}
