/** The live view: what happens, as lines of text. Pure. */
import type { AllocationDocument } from '../../allocator/allocation.ts';
import { AllocationState } from '../../contracts/allocator.ts';
import type { FleetStates } from '../checking/recorder.ts';
import { percentile, placementTimes } from './report.ts';
import { PHASES, type News, type Phase } from './tally.ts';

export interface View {
  readonly seconds: number;
  readonly matches: number;
  /** Absent where it goes on until Ctrl-C. */
  readonly wanted: number | undefined;
  readonly phases: ReadonlyMap<Phase, number>;
  readonly fleets: readonly FleetStates[];
  readonly allocations: readonly AllocationDocument[];
  readonly doubled: number;
  readonly orphans: number;
  readonly entriesDurable: number;
  readonly entriesLost: number;
  readonly refusedTickets: number;
  readonly worldsResumed: number;
  readonly serversResized: number;
  readonly news: readonly News[];
}

const NEWEST = 6;
const NEWS = 10;
const SERVER_STATES = ['Scheduled', 'Ready', 'Allocated', 'Shutdown'];

/** @param width of the terminal; longer lines are cut. */
export function linesOf(view: View, width: number): string[] {
  return [
    headline(view),
    '',
    `players      ${counts(PHASES.map((phase) => [phase, view.phases.get(phase) ?? 0]))}`,
    ...view.fleets.map((fleet, index) => `${index === 0 ? 'fleets ' : '       '}      ${fleetLine(fleet)}`),
    `allocations  ${counts(AllocationState.options.map((state) => [state, view.allocations.filter((each) => each.state === state).length]))}`,
    ...view.allocations.slice(-NEWEST).map((allocation) => `             ${allocationLine(allocation)}`),
    checks(view),
    '',
    ...view.news.slice(-NEWS).map(newsLine),
  ].map((line) => line.slice(0, width));
}

/** One line for where nothing can be redrawn. */
export function headline({ seconds, matches, wanted, allocations }: View): string {
  const placed = placementTimes(allocations);
  const placing = placed.length === 0 ? '' : ` · placing p50 ${percentile(placed, 0.5)} ms, p99 ${percentile(placed, 0.99)} ms`;
  return `LifeVerse demo · ${Math.round(seconds)} s · ${matches}${wanted === undefined ? '' : ` of ${wanted}`} matches${placing}`;
}

export function newsLine({ at, text }: News): string {
  return `${new Date(at).toISOString().slice(11, 19)}  ${text}`;
}

function fleetLine({ cluster, fleet, states }: FleetStates): string {
  const others = Object.keys(states).filter((state) => !SERVER_STATES.includes(state));
  return `${cluster.padEnd(13)} ${fleet.padEnd(13)} ${counts([...SERVER_STATES, ...others].map((state) => [state, states[state] ?? 0]))}`;
}

function allocationLine({ id, state, createdAt, readyAt, server }: AllocationDocument): string {
  const took = readyAt === null ? '' : `${readyAt.getTime() - createdAt.getTime()} ms`;
  return `${id.padEnd(34)} ${state.padEnd(10)} ${took.padStart(8)}  ${server === null ? '' : `${server.cluster} ${server.gameServer}`}`;
}

function checks(view: View): string {
  return `checks       ${counts([
    ['doubled', view.doubled],
    ['orphans', view.orphans],
    ['durable entries', view.entriesDurable],
    ['lost', view.entriesLost],
    ['bad tickets refused', view.refusedTickets],
    ['worlds resumed', view.worldsResumed],
    ['servers resized', view.serversResized],
  ])}`;
}

function counts(named: readonly (readonly [string, number])[]): string {
  return named.map(([name, count]) => `${name} ${count}`).join(' · ');
}
