/** Reads from the tree what a plan is made from. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { KubeName } from '../../contracts/words.ts';
import { readConfig } from '../../runtime/config.ts';
import { baseEnv, basesIn } from '../images/base-images.ts';
import { readPins } from '../pins/pins.ts';
import { runCommand, type Workshop } from '../tools/command.ts';
import type { TreeFindings } from './checks/tree-checks.ts';
import type { BuiltImages, Known, RegionFolder } from './known.ts';
import { parseBuiltImages } from './parse-built-images.ts';
import { CLUSTER_ROOT, costFile, environmentRoot, IMAGES_FILE, PINS_FILE, PLACEMENT_FILE, regionFolders, settingsFile } from './paths.ts';
import type { Environment, Request } from './request.ts';
import { assignmentsOf, requiredVersionOf, variablesOf } from './terraform-text.ts';

export interface Gathered {
  readonly known: Known;
  readonly tree: TreeFindings;
  /** The lowest Terraform that the roots accept. */
  readonly terraformVersion: string | undefined;
  /** What a month costs with the root’s own settings, where it keeps a note of it. */
  readonly costOfDefaults: string | undefined;
}

/** @throws only for a file that is there and broken. */
export async function gather(request: Request, tree: string, shop: Workshop): Promise<Gathered> {
  const { environment } = request;
  const at = (file: string): string => path.join(tree, file);
  const root = await terraformText(at(environmentRoot(environment)));
  const values = await readIfThere(at(settingsFile(environment)));
  const set = values === undefined ? undefined : assignmentsOf(values);
  const known: Known = {
    request,
    quilkin: shop.env['QUILKIN'] || undefined,
    settings: {
      projectId: plain(set?.['project_id'], /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/),
      billingAccount: plain(set?.['billing_account'], /^[0-9A-F-]+$/),
      hasOwnSizes: ['regions', 'game_server_pools'].every((name) => set?.[name] === undefined),
      domain: plain(set?.['domain'], /^[a-z0-9.-]+$/),
      quilkin: set?.['quilkin'] === 'true',
    },
    regions: await readRegions(at(regionFolders(environment))),
    placement: await readPlacement(at(PLACEMENT_FILE), environment),
    pins: await readPins(at(PINS_FILE)),
    authorities: {},
    commit: await shortCommit(tree, shop),
    ...(await readImages(at(IMAGES_FILE))),
  };
  return {
    known,
    tree: {
      set: set === undefined ? undefined : Object.keys(set),
      variables: root === '' ? undefined : variablesOf(root),
      bases: basesIn(readConfig(z.object(baseEnv), shop.env)),
      given: new Set(Object.keys(shop.env).filter((name) => shop.env[name])),
    },
    terraformVersion: requiredVersionOf(`${root}\n${await terraformText(at(CLUSTER_ROOT))}`),
    costOfDefaults: (await readIfThere(at(costFile(environment))))?.trimEnd(),
  };
}

async function readRegions(folder: string): Promise<RegionFolder[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(orAbsent);
  const folders = (entries ?? []).filter((entry) => entry.isDirectory());
  const names = folders.filter(({ parentPath }) => path.relative(folder, parentPath) === '').map(({ name }) => name);
  return names
    .toSorted()
    .map((name) => ({ name, services: folders.some((one) => one.name === 'services' && path.relative(folder, one.parentPath) === name) }));
}

const Placements = z.record(
  z.string(),
  z
    .record(
      KubeName,
      z.strictObject({
        weight: z.number().positive().max(1_000).optional(),
        drain: z.boolean().optional(),
        udpEdge: z.boolean().optional(),
      }),
    )
    .nullable(),
);

async function readPlacement(file: string, environment: Environment): Promise<Known['placement']> {
  const text = await readIfThere(file);
  if (text === undefined) return {};
  const parsed = Placements.safeParse(parse(text) ?? {});
  if (!parsed.success) throw new Error(`${file}: ${z.prettifyError(parsed.error)}`);
  return parsed.data[environment] ?? {};
}

/** One that is broken, or of another shape, counts as none: the images are built again. */
async function readImages(file: string): Promise<{ images?: BuiltImages }> {
  try {
    return { images: parseBuiltImages((await readIfThere(file)) ?? '') };
  } catch {
    return {};
  }
}

async function shortCommit(tree: string, shop: Workshop): Promise<string> {
  const { stdout } = await runCommand(shop, 'git', ['rev-parse', '--short', 'HEAD'], { cwd: tree, timeoutMs: 20_000 });
  return stdout.trim() === '' ? '<commit>' : stdout.trim();
}

async function terraformText(folder: string): Promise<string> {
  const names = (await readdir(folder).catch(orAbsent)) ?? [];
  const texts = await Promise.all(names.filter((name) => name.endsWith('.tf')).map((name) => readFile(path.join(folder, name), 'utf8')));
  return texts.join('\n');
}

async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(orAbsent);
}

function orAbsent(cause: NodeJS.ErrnoException): undefined {
  if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined;
  throw cause;
}

function plain(value: string | undefined, shape: RegExp): string | undefined {
  return value !== undefined && shape.test(value) ? value : undefined;
}
