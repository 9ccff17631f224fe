/** The overlays as the real kustomize renders them, each once a run. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import { renderFolder } from '../../local/kustomize/render-folder.ts';
import type { Manifest } from '../../local/kustomize/render-folder.ts';
import { kustomizePart } from '../../local/parts/kustomize-part.ts';
import { obtainParts } from '../../local/parts/obtain-parts.ts';
import { testStack } from '../../local/testing.ts';

export const FLEETS = path.join(import.meta.dirname, '../../fleets');
/** On a new machine kustomize is built first. */
export const RENDER_MS = 600_000;

export interface Place {
  readonly env: string;
  readonly region: string;
  /** What is applied there: services only where the region has them. */
  readonly folders: readonly string[];
}

/** Every overlay and region that there is a folder for. */
export function places(): Place[] {
  const overlays = path.join(FLEETS, 'overlays');
  return readdirSync(overlays).flatMap((env) =>
    readdirSync(path.join(overlays, env, 'regions')).map((region) => {
      const parts = ['game-servers', 'services'].map((part) => `overlays/${env}/regions/${region}/${part}`);
      return { env, region, folders: parts.filter((folder) => existsSync(path.join(FLEETS, folder))) };
    }),
  );
}

const rendered = new Map<string, Promise<Manifest[]>>();

/** @param folder below `fleets/` */
export function render(folder: string): Promise<Manifest[]> {
  return once(path.join(FLEETS, folder));
}

/** A layer of its own, written for the test and rendered; paths in it begin with how it gets to `fleets/`. */
export async function renderLayer(name: string, layer: (toFleets: string) => object): Promise<Manifest[]> {
  const { folder } = await testStack();
  const at = path.join(folder, 'layers', name);
  await mkdir(at, { recursive: true });
  const kustomization = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', ...layer(path.relative(at, FLEETS)) };
  await writeFile(path.join(at, 'kustomization.yaml'), stringify(kustomization));
  return once(at);
}

function once(folder: string): Promise<Manifest[]> {
  const known = rendered.get(folder);
  if (known !== undefined) return known;
  const made = renderNow(folder);
  rendered.set(folder, made);
  return made;
}

async function renderNow(folder: string): Promise<Manifest[]> {
  const { around } = await testStack();
  const [program] = await obtainParts([kustomizePart], around);
  if (program === undefined) throw new Error('kustomize was not obtained');
  return renderFolder({ program, env: around.env, signal: around.signal }, folder);
}
