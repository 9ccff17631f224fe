/** How every service says that a build of the game takes nobody new: the same words, so that a client reads them in one way. */
import { AppError } from './app-error.ts';

/** Code of the refusal, and how the reason of what has failed for it begins. */
export const BUILD_CLOSED = 'build_closed';

/** Names the rest by its number. */
const MOST_NAMED = 20;

export interface ClosedBuild {
  readonly build: string;
  /** As requests call it; undefined where servers are chosen by selectors. */
  readonly fleet: string | undefined;
  /** The builds that take its place. */
  readonly open: readonly string[];
}

/** The answer to a request that names it: 409, with the open builds in the fault of the field. */
export function buildClosed(closed: ClosedBuild): AppError {
  const detail = `${closed.build} is closed; ${openOf(closed)}`;
  return new AppError('conflict', BUILD_CLOSED, wordsOf(closed), { faults: [{ pointer: '#/body/build', detail }] });
}

/** Why something that was waiting has come to its end. */
export function buildClosedReason(closed: ClosedBuild): string {
  return `${BUILD_CLOSED}: ${wordsOf(closed)}`;
}

function wordsOf(closed: ClosedBuild): string {
  const { build, fleet } = closed;
  return `build ${build}${fleet === undefined ? '' : ` of ${fleet}`} is closed; ${openOf(closed)}`;
}

function openOf({ open }: ClosedBuild): string {
  if (open.length === 0) return 'no other is open now';
  const rest = open.length - MOST_NAMED;
  return `open: ${open.slice(0, MOST_NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
