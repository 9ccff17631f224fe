/** `make pins`: asks each chart's repository and each base image's registry for what is newest there, and keeps it. */
import { parse } from 'yaml';
import { z } from 'zod';
import { findOnPath } from '../../runtime/find-on-path.ts';
import { isToBePinned, type BaseImages } from '../images/base-images.ts';
import { isAtLeast } from '../../runtime/is-at-least.ts';
import { mustRun, type Workshop } from '../tools/command.ts';
import { reasonOf } from '../tools/reason-of.ts';
import { CHARTS, type Chart } from './charts.ts';
import { addPins, readPins, type Pins } from './pins.ts';

export type PinKind = keyof Pins;
export const PIN_KINDS: readonly PinKind[] = ['charts', 'images'];

interface PinParts {
  readonly shop: Workshop;
  readonly file: string;
  /** How the file is called where the person stands. */
  readonly fileName: string;
  readonly kinds: readonly PinKind[];
  readonly bases: BaseImages;
  /** @throws with what the registry answered. */
  readonly resolveDigest: (name: string, signal: AbortSignal) => Promise<string>;
}

/** All that was asked for is kept, or none of it. @returns the exit code. */
export async function makePins({ shop, file, fileName, kinds, bases, resolveDigest }: PinParts): Promise<number> {
  const charts = kinds.includes('charts') ? CHARTS : [];
  const images = kinds.includes('images') ? [...new Set(Object.values(bases))].filter(isToBePinned) : [];
  const places = [
    ...(charts.length === 0 ? [] : [`the repositories of ${charts.length} charts`]),
    ...(images.length === 0 ? [] : [`the registries of ${images.length} base images`]),
  ];
  shop.say(`Asks ${places.join(' and ')} for what is newest, and writes it to ${fileName}. Undone by git checkout ${fileName}.`);
  const before = await readPins(file);
  const [versions, digests] = await Promise.all([
    charts.length > 0 && findOnPath('helm', shop.env) === undefined
      ? { found: {}, faults: ['helm is not on the PATH. Install it: helm.sh/docs/intro/install (ONLY=images goes without)'] }
      : all(
          charts,
          ({ name }) => name,
          (chart) => chartOf(chart, shop),
        ),
    all(
      images,
      (name) => name,
      (name) => resolveDigest(name, shop.signal),
    ),
  ]);
  shop.signal.throwIfAborted();
  const faults = [...versions.faults, ...digests.faults];
  if (faults.length > 0) {
    for (const line of ['Nothing was changed:', ...faults.map((fault) => `  - ${fault}`)]) shop.say(line);
    return 1;
  }
  await addPins(file, { charts: versions.found, images: digests.found });
  for (const [name, { version }] of Object.entries(versions.found)) shop.say(`  ${name} ${change(before.charts[name]?.version, version)}`);
  for (const [name, digest] of Object.entries(digests.found)) shop.say(`  ${name} ${change(before.images[name], digest)}`);
  shop.say(`Look at git diff ${fileName}, and commit it.`);
  return 0;
}

function change(before: string | undefined, now: string): string {
  return before === now ? `stays ${now}` : `${before ?? 'not pinned'} → ${now}`;
}

interface Resolved<T> {
  readonly found: Readonly<Record<string, T>>;
  readonly faults: readonly string[];
}

async function all<One, T>(ones: readonly One[], nameOf: (one: One) => string, resolve: (one: One) => Promise<T>): Promise<Resolved<T>> {
  const ends = await Promise.allSettled(ones.map(async (one) => [nameOf(one), await resolve(one)] as const));
  return {
    found: Object.fromEntries(ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []))),
    faults: ends.flatMap((end, nth) => (end.status === 'rejected' ? [faultOf(ones[nth], end.reason, nameOf)] : [])),
  };
}

function faultOf<One>(one: One | undefined, cause: unknown, nameOf: (one: One) => string): string {
  const name = one === undefined ? '' : nameOf(one);
  const words = reasonOf(cause);
  return words.startsWith(name) ? words : `${name}: ${words}`;
}

/** Of a chart's own description only this is of use. */
const Described = z.object({ name: z.string(), version: z.string() });

async function chartOf({ name, repository, atLeast }: Chart, shop: Workshop): Promise<Pins['charts'][string]> {
  const text = await mustRun(shop, 'helm', ['show', 'chart', name, '--repo', repository], { timeoutMs: 120_000 });
  const described = Described.safeParse(parse(text));
  if (!described.success || described.data.name !== name)
    throw new Error(`${name}: ${repository} describes it in a way that is not understood`);
  const { version } = described.data;
  if (!isAtLeast(version.replace(/^v/, ''), atLeast))
    throw new Error(`${name}: the newest at ${repository} is ${version}, and ${atLeast} is needed`);
  return { repository, version };
}
