/** Reads from the tree what a plan is made from. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { KubeName } from '../../contracts/words.ts';
import { readConfig } from '../../runtime/config.ts';
import { baseEnv, basesIn } from '../images/base-images.ts';
import { PINS_FILE, readPins } from '../pins/pins.ts';
import { runCommand, type Workshop } from '../tools/command.ts';
import { reasonOf } from '../tools/reason-of.ts';
import type { TreeFindings } from './checks/tree-checks.ts';
import type { Known, RegionFolder } from './known.ts';
import { CLUSTER_ROOT, costFile, environmentRoot, PLACEMENT_FILE, regionFolders, settingsFile } from './paths.ts';
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

/** A file that is there and broken is among the findings, and counts as empty. @throws ConfigError */
export async function gather(request: Request, tree: string, shop: Workshop): Promise<Gathered> {
  const { environment } = request;
  const at = (file: string): string => path.join(tree, file);
  const root = await terraformText(at(environmentRoot(environment)));
  const values = await readIfThere(at(settingsFile(environment)));
  const set = values === undefined ? undefined : assignmentsOf(values);
  const faults: string[] = [];
  const orElse = async <T>(read: Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await read;
    } catch (cause) {
      faults.push(reasonOf(cause).trim().replaceAll(`${tree}/`, ''));
      return otherwise;
    }
  };
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
    placement: await orElse(readPlacement(at(PLACEMENT_FILE), environment), {}),
    pins: await orElse(readPins(at(PINS_FILE)), { charts: {}, images: {} }),
    authorities: {},
    commit: await shortCommit(tree, shop),
  };
  return {
    known,
    tree: {
      set: set === undefined ? undefined : Object.keys(set),
      variables: root === '' ? undefined : variablesOf(root),
      faults,
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
  const parsed = Placements.safeParse(yamlOf(file, text) ?? {});
  if (!parsed.success) throw new Error(`${file}: ${z.prettifyError(parsed.error)}`);
  return parsed.data[environment] ?? {};
}

function yamlOf(file: string, text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new Error(`${file}: ${reasonOf(cause)}`, { cause });
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
  const [, text] = /^"(.*)"$/.exec(value ?? '') ?? [];
  return text !== undefined && shape.test(text) ? text : undefined;
}
