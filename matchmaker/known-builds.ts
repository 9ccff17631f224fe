/**
 * Which builds are closed, as the allocator says. What was read last decides at once for builds that are open; before anybody is turned away it
 * is read anew, and an allocator that is away turns nobody away.
 */
import type { allocatorApi } from '../contracts/allocator-api.ts';
import type { FleetBuild } from '../contracts/allocator-api/builds.ts';
import type { ClosedBuild } from '../contracts/build-closed.ts';
import type { Client } from '../contracts/client.ts';
import { pause } from '../runtime/deadline.ts';

export interface KnownBuilds {
  /** Undefined unless the allocator says so at this time. Never rejects. */
  closedIn(fleet: string, build: string): Promise<ClosedBuild | undefined>;
  /** For the lifecycle: reads now and then until the signal. */
  run(signal: AbortSignal): Promise<void>;
}

export interface KnownBuildsParts {
  readonly allocator: Pick<Client<typeof allocatorApi.endpoints>, 'listBuilds'>;
  /** Of the modes. */
  readonly fleets: readonly string[];
  /** The allocator cannot tell: once an outage. */
  readonly unknown: (cause: unknown) => void;
}

/** So much later than the allocator those who wait are told. */
const READ_EVERY_MS = 2_000;
/** Nobody is turned away by what is older. */
const FRESH_MS = 2_000;
/** Longer than the allocator takes to find that a cluster does not answer. */
const ANSWER_MS = 4_000;

interface Read {
  readonly at: number;
  readonly builds: readonly FleetBuild[];
}

export function createKnownBuilds({ allocator, fleets, unknown }: KnownBuildsParts): KnownBuilds {
  const last = new Map<string, Read>();
  const reading = new Map<string, Promise<Read | undefined>>();
  let away = false;

  const read = async (fleet: string): Promise<Read | undefined> => {
    const at = performance.now();
    try {
      const { body } = await allocator.listBuilds({ query: { fleet } }, { timeoutMs: ANSWER_MS });
      const found = { at, builds: body.builds };
      last.set(fleet, found);
      away = false;
      return found;
    } catch (cause) {
      if (!away) unknown(cause);
      away = true;
      return undefined;
    }
  };
  /** Whoever asks meanwhile shares it. */
  const readOnce = (fleet: string) => {
    const present = reading.get(fleet) ?? read(fleet).finally(() => reading.delete(fleet));
    reading.set(fleet, present);
    return present;
  };
  const isClosed = (found: Read | undefined, build: string) =>
    found?.builds.some((one) => one.build === build && one.state === 'closed') === true;

  return {
    closedIn: async (fleet, build) => {
      const known = last.get(fleet);
      if (!isClosed(known, build)) return undefined;
      const isFresh = known !== undefined && performance.now() - known.at < FRESH_MS;
      const now = isFresh ? known : await readOnce(fleet);
      if (now === undefined || !isClosed(now, build)) return undefined;
      return { build, fleet, open: now.builds.filter(({ state }) => state === 'open').map((one) => one.build) };
    },
    run: async (signal) => {
      while (!signal.aborted) {
        await Promise.all([...new Set(fleets)].map(readOnce));
        await pause(READ_EVERY_MS, signal);
      }
    },
  };
}
