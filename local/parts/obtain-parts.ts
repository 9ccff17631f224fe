/**
 * Gets every part: found ready-made, or in the cache, or made now.
 *
 *   find (env, PATH) ─▶ cache ─▶ recipes whose toolchains are there, until one works ─▶ scratch folder ─▶ rename into the cache
 *
 * What is missing is known, and told, before anything is made.
 */
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { withBuildLock } from './build-lock.ts';
import { findOnPath, isExecutableFile } from '../../runtime/find-on-path.ts';
import type { Part, Recipe, Surroundings } from './part.ts';

/** Nobody builds longer than this, so a lock that is held longer is stuck. */
const LONGEST_BUILD_MS = 3_600_000;
const PROGRESS_EVERY_MS = 15_000;

/** Toolchains are missing; the message names all of them and how to get each. */
export class MissingToolchains extends Error {
  override readonly name = 'MissingToolchains';
}

/** @returns the files, in the order of the parts. @throws MissingToolchains before anything is made. */
export async function obtainParts(parts: readonly Part[], around: Surroundings): Promise<string[]> {
  const plans = await Promise.all(parts.map((part) => planFor(part, around)));
  const missing = plans.flatMap((plan) => ('missing' in plan ? plan.missing : []));
  if (missing.length > 0) {
    throw new MissingToolchains(['Something is missing on this machine:', ...new Set(missing.map((line) => `  - ${line}`))].join('\n'));
  }
  const slots = Math.max(1, Math.min(Math.floor(os.availableParallelism() / 2), Math.floor(os.totalmem() / 4e9)));
  return inSlots(slots, plans, (plan) => carryOut(plan, around));
}

type Plan =
  | { readonly file: string }
  | { readonly part: Part; readonly recipes: readonly Recipe[] }
  | { readonly missing: readonly string[] };

async function planFor(part: Part, around: Surroundings): Promise<Plan> {
  const found = await part.find(around);
  if (found !== undefined) return { file: found };
  const cached = path.join(around.cache, part.cacheFile);
  if (isExecutableFile(cached)) return { file: cached };
  const recipes = part.recipes.filter((each) => missingOf(each, around).length === 0);
  if (recipes.length > 0) return { part, recipes };
  return {
    missing: part.recipes.flatMap((each) => missingOf(each, around).map((tool) => `${tool.command}, for ${part.title}: ${tool.howToGet}`)),
  };
}

function missingOf(recipe: Recipe, around: Surroundings): Recipe['toolchains'] {
  return recipe.toolchains.filter((tool) => findOnPath(tool.command, around.env) === undefined);
}

async function carryOut(plan: Plan, around: Surroundings): Promise<string> {
  if ('file' in plan) return plan.file;
  if ('missing' in plan) throw new MissingToolchains(plan.missing.join('\n'));
  const { part, recipes } = plan;
  const target = path.join(around.cache, part.cacheFile);
  const lock = {
    deadlineMs: LONGEST_BUILD_MS,
    signal: around.signal,
    onWait: (pid: number) => around.say(`${part.title}: process ${pid} is making it already, waiting for that`),
  };
  return withBuildLock(`${target}.lock`, lock, async () => {
    if (isExecutableFile(target)) return target;
    return (await part.find(around)) ?? makeByFirst(part, recipes, target, around);
  });
}

/** A recipe that fails (a package list out of reach, say) hands over to the next; the last one's failure is the part's. */
async function makeByFirst(part: Part, recipes: readonly Recipe[], target: string, around: Surroundings): Promise<string> {
  const [recipe, ...others] = recipes;
  if (recipe === undefined) throw new Error(`${part.title} has no recipe`);
  if (others.length === 0) return make(part, recipe, target, around);
  try {
    return await make(part, recipe, target, around);
  } catch (error) {
    around.signal.throwIfAborted();
    around.say(`${part.title}: ${recipe.what} failed (${error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'unknown'})`);
    return makeByFirst(part, others, target, around);
  }
}

async function make(part: Part, recipe: Recipe, target: string, around: Surroundings): Promise<string> {
  const logs = path.join(around.cache, 'logs');
  await mkdir(logs, { recursive: true });
  const scratch = await mkdtemp(path.join(around.cache, 'scratch-'));
  const since = performance.now();
  const seconds = (): number => Math.round((performance.now() - since) / 1_000);
  around.say(`${part.title}: ${recipe.what}, usually about ${recipe.expectedSeconds} s`);
  const progress = setInterval(
    () => around.say(`${part.title}: ${recipe.what}, ${seconds()} s of about ${recipe.expectedSeconds} s`),
    PROGRESS_EVERY_MS,
  );
  try {
    const logFile = path.join(logs, `${part.title.replaceAll(' ', '-')}.log`);
    const made = await recipe.make({ ...around, scratch, logFile });
    around.say(`${part.title}: ready after ${seconds()} s`);
    if (!made.startsWith(scratch + path.sep)) return made;
    await chmod(made, 0o755);
    await rename(made, target);
    return target;
  } finally {
    clearInterval(progress);
    await rm(scratch, { recursive: true, force: true });
  }
}

/** At most `slots` at a time; the first failure stops the ones that have not begun. */
async function inSlots<T, R>(slots: number, items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) results[index] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(slots, items.length) }, worker));
  return results;
}
