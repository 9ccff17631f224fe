/** kill -9 of the allocator while it is placing; whoever keeps the stack starts it again. */
import { waitUntil } from '../../processes/wait-until.ts';
import type { AllocationBook } from '../allocation-book.ts';
import type { Tally } from '../tally.ts';
import { killProcess } from './kill-process.ts';

export interface KillAllocatorParts {
  readonly book: AllocationBook;
  readonly tally: Tally;
  readonly runFolder: string;
}

const IN_FLIGHT = new Set(['queued', 'placing', 'allocated']);
const FOUND_MS = 60_000;
const SETTLED_MS = 60_000;

/** Resolves when every allocation that was in flight is ready, or over. */
export async function killAllocator({ book, tally, runFolder }: KillAllocatorParts, signal: AbortSignal): Promise<void> {
  const inFlight = () => book.ofThisRun().filter(({ state }) => IN_FLIGHT.has(state));
  const seen = await waitUntil(
    async () => {
      await book.refresh();
      const open = inFlight();
      return open.length > 0 ? open : undefined;
    },
    { what: 'an allocation is in flight', deadlineMs: FOUND_MS, signal },
  );
  const pid = killProcess(runFolder, 'the allocator', (name) => name === 'allocator');
  tally.allocatorKills.push(seen.length);
  tally.say(`kill -9 ${pid}: the allocator, with ${seen.map(({ id, state }) => `${id} ${state}`).join(', ')}`);
  const uids = new Set(seen.map(({ _id }) => _id));
  const settled = () => inFlight().every(({ _id }) => !uids.has(_id));
  await waitUntil(settled, { what: 'what was in flight when the allocator was killed is placed', deadlineMs: SETTLED_MS, signal });
  const states = seen.map(({ _id, id }) => `${id} ${book.known.get(_id)?.document.state ?? 'unknown'}`);
  tally.say(`after the allocator's death: ${states.join(', ')}`);
}
