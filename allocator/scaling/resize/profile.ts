/** How large the game servers of a fleet are to be, as its annotation `lifeverse.dev/resize` says. Pure. */
import { parse } from 'yaml';
import { z } from 'zod';
import type { SeenFleet } from '../../clusters/fleet-book.ts';
import { amountOf, thousandthsOf } from './quantity.ts';
import { amountsIn, RESOURCES, type Size } from './size.ts';

/** YAML reads `cpu: 2` as a number. */
const Quantity = z
  .union([z.string(), z.number()])
  .transform(String)
  .refine((text) => (thousandthsOf(text) ?? 0) > 0, 'is no amount such as 500m or 1Gi');
const Amounts = z.strictObject({ cpu: Quantity.optional(), memory: Quantity.optional() });
const LevelSize = z.strictObject({ requests: Amounts.default({}), limits: Amounts.default({}) });

const Seats = z.strictObject({
  counter: z.string().min(1).optional(),
  list: z.string().min(1).optional(),
  /** Share of the seats that makes a session full. */
  fullFrom: z.number().gt(0).max(1).default(0.8),
  /** It is full no more once so few are taken. */
  fullUntil: z.number().min(0).lt(1).default(0.6),
});

const Profile = z
  .strictObject({
    /** The game server's own by default. */
    container: z.string().min(1).max(63).optional(),
    /** Ready: nobody plays. */
    idle: LevelSize,
    /** A session is on it. */
    allocated: LevelSize,
    /** A session with many players. */
    full: LevelSize.optional(),
    seats: Seats.optional(),
    /** A full session stays full for so long at least. */
    holdSeconds: z.number().min(0).max(3_600).default(60),
    /** What a game holds in memory while it is played is not taken from it. */
    shrinkMemoryInSession: z.boolean().default(false),
  })
  .superRefine(({ idle, allocated, full, seats }, issues) => {
    const fault = (path: string, message: string) => issues.addIssue({ code: 'custom', path: path.split('.'), message });
    const levels = { idle, allocated, ...(full === undefined ? {} : { full }) };
    const named = (size: Size) => amountsIn(size).map(({ kind, resource }) => `${kind}.${resource}`);
    const all = [...new Set(Object.values(levels).flatMap(named))];
    if (all.length === 0) fault('idle', 'sets nothing, and neither does another level');
    for (const [level, size] of Object.entries(levels)) {
      const set = named(size);
      for (const missing of all.filter((one) => !set.includes(one)))
        fault(`${level}.${missing}`, 'is not set, but it is in another level: what is set once cannot be taken away');
      for (const resource of RESOURCES) {
        const limit = size.limits[resource];
        if (limit !== undefined && amountOf(size.requests[resource]) > amountOf(limit))
          fault(`${level}.requests.${resource}`, `is more than its limit (${limit})`);
      }
    }
    if (seats === undefined) return;
    if (full === undefined) fault('seats', 'are of the level full, and there is none');
    if (seats.counter !== undefined && seats.list !== undefined) fault('seats.list', 'contradicts counter: give one of them');
    if (seats.fullUntil >= seats.fullFrom) fault('seats.fullUntil', `is not less than fullFrom (${seats.fullFrom})`);
  })
  .transform(({ seats, ...rest }) => ({ ...rest, seats: seats ?? Seats.parse({}) }));
export type Profile = z.infer<typeof Profile>;

export type ParsedProfile = { readonly profile: Profile } | { readonly faults: readonly string[] };

export interface KeptProfile {
  /** The fleet's. */
  readonly uid: string;
  /** As it stands in the annotation. */
  readonly text: string;
  readonly parsed: ParsedProfile;
}

/** Fleet → its profile, of those that have one. Profiles that stay the same stay the same object. */
export function profilesOf(
  fleets: readonly Pick<SeenFleet, 'name' | 'uid' | 'resize'>[],
  before: ReadonlyMap<string, KeptProfile>,
): ReadonlyMap<string, KeptProfile> {
  const found = new Map<string, KeptProfile>();
  for (const { name, uid, resize: text } of fleets) {
    if (text === undefined) continue;
    const known = before.get(name);
    found.set(name, known?.text === text && known.uid === uid ? known : { uid, text, parsed: parseProfile(text) });
  }
  return found;
}

/** Strict: half of what was meant may starve a session. */
export function parseProfile(text: string): ParsedProfile {
  let given: unknown;
  try {
    given = parse(text);
  } catch (cause) {
    return { faults: [`is neither YAML nor JSON: ${cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : ''}`] };
  }
  const { data, error } = Profile.safeParse(given);
  if (data !== undefined) return { profile: data };
  return { faults: error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`.replace(/^: /, '')) };
}
