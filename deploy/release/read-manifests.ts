/** What the tree says of the fleets of one cluster: rendered by kustomize, or plain YAML where a folder is no kustomization. */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { ConfigError } from '../../runtime/config.ts';
import { mustRun, type Workshop } from '../tools/command.ts';
import { findOnPath } from '../../runtime/find-on-path.ts';
import { Manifest } from './fleet-of-build.ts';

const RENDER_MS = 60_000;

/** The folder for a cluster: the last layer, which a deployment wrote, else the region's own. */
export function manifestsFolder(tree: string, environment: string, region: string): string {
  const deployed = path.join('.deploy', environment, region, 'game-servers');
  const regional = path.join('fleets', 'overlays', environment, 'regions', region, 'game-servers');
  const found = [deployed, regional].find((folder) => existsSync(path.join(tree, folder, 'kustomization.yaml')));
  if (found !== undefined) return path.join(tree, found);
  throw new ConfigError([`${region}: there is neither ${deployed} nor ${regional}: say MANIFESTS=folder, or REGION=CONTEXT in CONTEXTS`]);
}

/** @throws ConfigError when it cannot be read, CommandFailure when kustomize refuses it. */
export async function readManifests(shop: Workshop, folder: string): Promise<Manifest[]> {
  if (!existsSync(folder)) throw new ConfigError([`MANIFESTS: there is no folder ${folder}`]);
  const text = existsSync(path.join(folder, 'kustomization.yaml')) ? await rendered(shop, folder) : await joined(folder);
  return parseAllDocuments(text)
    .map((document): unknown => document.toJS())
    .filter((document) => document !== null)
    .map((document) => Manifest.parse(document));
}

async function rendered(shop: Workshop, folder: string): Promise<string> {
  if (findOnPath('kustomize', shop.env) !== undefined) return mustRun(shop, 'kustomize', ['build', folder], { timeoutMs: RENDER_MS });
  if (findOnPath('kubectl', shop.env) !== undefined) return mustRun(shop, 'kubectl', ['kustomize', folder], { timeoutMs: RENDER_MS });
  throw new ConfigError([
    `neither kustomize nor kubectl is on the PATH, and ${folder} is rendered by one of them: install kustomize 5 or kubectl`,
  ]);
}

async function joined(folder: string): Promise<string> {
  const files = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
  const texts = await Promise.all(files.map((name) => readFile(path.join(folder, name), 'utf8')));
  return texts.join('\n---\n');
}
