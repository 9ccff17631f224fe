/** A pod's volumes as folders: empty ones, and ones that carry ConfigMaps, Secrets, tokens and facts about the pod. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterReads, Keyed } from './cluster-reads.ts';
import { ConfigFault, podField } from './container-environment.ts';
import type { PodPlace } from './container-environment.ts';
import type { Pod, ProjectedSource, Volume } from './pod.ts';

export interface PodVolumes {
  readonly folders: ReadonlyMap<string, string>;
  /** Keeps tokens fresh until the signal; a failed renewal is tried again, the old token stays until it expires. */
  renew(signal: AbortSignal, onFailure: (error: unknown) => void): Promise<void>;
}

interface TokenFile {
  readonly file: string;
  readonly audience: string;
  readonly seconds: number;
  renewAt: number;
}

interface VolumeParts {
  readonly pod: Pod;
  readonly place: PodPlace;
  readonly folder: string;
  readonly cluster: ClusterReads;
  readonly now: () => Date;
}

const RENEW_RETRY_MS = 10_000;

/** @throws ConfigFault for a missing ConfigMap or Secret; the API server's refusal when there is no such service account. */
export async function makeVolumes(parts: VolumeParts, signal: AbortSignal): Promise<PodVolumes> {
  const tokens: TokenFile[] = [];
  const folders = new Map<string, string>();
  for (const volume of parts.pod.spec.volumes) {
    const folder = path.join(parts.folder, volume.name);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const source of sourcesOf(volume)) await fill(folder, source, parts, tokens, signal);
    folders.set(volume.name, folder);
  }
  return { folders, renew: (until, onFailure) => renewTokens(tokens, parts, until, onFailure) };
}

/** Every kind of volume that has content, as the sources of a projected one. */
function sourcesOf(volume: Volume): readonly ProjectedSource[] {
  if (volume.projected !== undefined) return volume.projected.sources;
  if (volume.configMap !== undefined) return [{ configMap: volume.configMap }];
  if (volume.secret !== undefined) return [{ secret: { ...volume.secret, name: volume.secret.secretName } }];
  return [];
}

async function fill(folder: string, source: ProjectedSource, parts: VolumeParts, tokens: TokenFile[], signal: AbortSignal): Promise<void> {
  const { namespace } = parts.pod.metadata;
  const { serviceAccountToken, configMap, secret, downwardAPI } = source;
  if (configMap !== undefined)
    await writeKeys(folder, 'configmap', configMap, await parts.cluster.configMap(namespace, configMap.name, signal));
  if (secret !== undefined) await writeKeys(folder, 'secret', secret, await parts.cluster.secret(namespace, secret.name, signal));
  for (const { path: file, fieldRef } of downwardAPI?.items ?? []) {
    await writeWhole(path.join(folder, file), fieldRef === undefined ? '' : podField(fieldRef.fieldPath, parts.pod, parts.place));
  }
  if (serviceAccountToken !== undefined) {
    const { audience, expirationSeconds: seconds } = serviceAccountToken;
    const token = { file: path.join(folder, serviceAccountToken.path), audience, seconds, renewAt: 0 };
    await renewToken(token, parts, signal);
    tokens.push(token);
  }
}

interface KeyedSource {
  readonly name: string;
  readonly optional: boolean;
  readonly items?: readonly { readonly key: string; readonly path: string }[] | undefined;
}

async function writeKeys(folder: string, kind: string, source: KeyedSource, found: Keyed | undefined): Promise<void> {
  if (found === undefined) {
    if (source.optional) return;
    throw new ConfigFault(`${kind} "${source.name}" not found`);
  }
  const items = source.items ?? Object.keys(found).map((key) => ({ key, path: key }));
  for (const item of items) {
    const value = found[item.key];
    if (value === undefined && !source.optional) throw new ConfigFault(`references non-existent config key: ${item.key}`);
    if (value !== undefined) await writeWhole(path.join(folder, item.path), value);
  }
}

async function renewTokens(
  tokens: readonly TokenFile[],
  parts: VolumeParts,
  signal: AbortSignal,
  onFailure: (error: unknown) => void,
): Promise<void> {
  while (tokens.length > 0) {
    const next = Math.min(...tokens.map((token) => token.renewAt));
    const paused = await sleep(Math.max(RENEW_RETRY_MS, next - parts.now().getTime()), true, { signal }).catch(() => false);
    if (!paused) return;
    for (const token of tokens.filter((each) => each.renewAt <= parts.now().getTime())) {
      await renewToken(token, parts, signal).catch((error: unknown) => {
        if (!signal.aborted) onFailure(error);
      });
    }
  }
}

/** As a kubelet does: a token is renewed when four fifths of its life are over. */
async function renewToken(token: TokenFile, parts: VolumeParts, signal: AbortSignal): Promise<void> {
  const issuedAt = parts.now().getTime();
  const issued = await parts.cluster.token(parts.pod, token.audience, token.seconds, signal);
  token.renewAt = issuedAt + 0.8 * (issued.expiresAt.getTime() - issuedAt);
  await writeWhole(token.file, issued.token);
}

async function writeWhole(file: string, content: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.new`, content, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
