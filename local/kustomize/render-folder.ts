/** A kustomize folder, rendered by the real kustomize. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { renderArgs } from '../parts/kustomize-part.ts';

export const Manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
export type Manifest = z.infer<typeof Manifest>;

export interface Kustomize {
  /** As `kustomizePart` gives it. */
  readonly program: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

const MOST_BYTES = 64e6;

/** In the order in which they can be applied. @throws with what kustomize says when it refuses the folder. */
export async function renderFolder({ program, env, signal }: Kustomize, folder: string): Promise<Manifest[]> {
  const { stdout } = await promisify(execFile)(program, renderArgs(program, folder), { env, signal, maxBuffer: MOST_BYTES });
  return readManifests(stdout);
}

/** Pure. */
export function readManifests(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    const [fault] = document.errors;
    if (fault !== undefined) throw fault;
    return Manifest.parse(document.toJS());
  });
}
