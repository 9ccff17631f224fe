/** `make pins`: asks each chart's own repository for its newest version, and keeps it. */
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { addPins, readPins, type Pins } from '../pins/pins.ts';
import { mustRun } from '../tools/command.ts';
import { findOnPath } from '../../runtime/find-on-path.ts';
import { isAtLeast } from './checks/tool-checks.ts';
import { CHARTS, type Chart } from './charts.ts';
import type { Hands } from './doing/hands.ts';
import { PINS_FILE } from './paths.ts';

/** Of a chart's own description only this is of use. */
const Described = z.object({ name: z.string(), version: z.string() });

/** All or none is kept. @returns the exit code. */
export async function pinCharts({ shop, tree }: Pick<Hands, 'shop' | 'tree'>): Promise<number> {
  const file = path.join(tree, PINS_FILE);
  shop.say(
    `Asks the repositories of ${CHARTS.length} charts for their newest versions, and writes them to ${PINS_FILE}. Undone by git checkout ${PINS_FILE}.`,
  );
  if (findOnPath('helm', shop.env) === undefined) {
    shop.say('Nothing was changed: helm is not on the PATH. Install it (helm.sh/docs/intro/install), then make pins again.');
    return 1;
  }
  const before = (await readPins(file)).charts;
  const ends = await Promise.allSettled(CHARTS.map((chart) => resolve(chart, shop)));
  const faults = ends.flatMap((end) =>
    end.status === 'rejected' ? [end.reason instanceof Error ? end.reason.message : String(end.reason)] : [],
  );
  shop.signal.throwIfAborted();
  if (faults.length > 0) {
    for (const line of ['Nothing was changed:', ...faults]) shop.say(line);
    return 1;
  }
  const charts: Pins['charts'] = Object.fromEntries(ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : [])));
  await addPins(file, { charts });
  for (const [name, { version }] of Object.entries(charts)) shop.say(`  ${name} ${before[name]?.version ?? 'not pinned'} → ${version}`);
  return 0;
}

async function resolve({ name, repository, atLeast }: Chart, shop: Hands['shop']): Promise<[string, Pins['charts'][string]]> {
  const text = await mustRun(shop, 'helm', ['show', 'chart', name, '--repo', repository], { timeoutMs: 120_000 });
  const described = Described.safeParse(parse(text));
  if (!described.success || described.data.name !== name)
    throw new Error(`${name}: ${repository} describes it in a way that is not understood`);
  const { version } = described.data;
  if (!isAtLeast(version.replace(/^v/, ''), atLeast))
    throw new Error(`${name}: the newest at ${repository} is ${version}, and ${atLeast} is needed`);
  return [name, { repository, version }];
}
