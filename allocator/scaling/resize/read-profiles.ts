/** The resize profiles of a cluster's fleets, as their annotations say now. */
import { z } from 'zod';
import { agonesPath } from '../../clusters/agones-path.ts';
import { answerError } from '../../clusters/kube-errors.ts';
import type { AskCluster } from './ask-cluster.ts';
import { parseProfile, RESIZE_ANNOTATION, type ParsedProfile } from './profile.ts';

const Fleets = z.object({
  items: z.array(
    z.object({ metadata: z.object({ name: z.string(), uid: z.string(), annotations: z.record(z.string(), z.string()).default({}) }) }),
  ),
});

export interface KeptProfile {
  /** The fleet's. */
  readonly uid: string;
  /** As it stands in the annotation. */
  readonly text: string;
  readonly parsed: ParsedProfile;
}

/** Fleet → its profile. Those that stay the same stay the same object. @throws AppError when the fleets cannot be read. */
export async function readProfiles(
  ask: AskCluster,
  namespace: string,
  before: ReadonlyMap<string, KeptProfile>,
): Promise<ReadonlyMap<string, KeptProfile>> {
  const { status, body } = await ask({ method: 'GET', path: agonesPath(namespace, 'fleets') });
  if (status !== 200) throw answerError('list fleets', status, body);
  const found = new Map<string, KeptProfile>();
  for (const { metadata } of Fleets.parse(body).items) {
    const text = metadata.annotations[RESIZE_ANNOTATION];
    if (text === undefined) continue;
    const known = before.get(metadata.name);
    found.set(
      metadata.name,
      known?.text === text && known.uid === metadata.uid ? known : { uid: metadata.uid, text, parsed: parseProfile(text) },
    );
  }
  return found;
}
