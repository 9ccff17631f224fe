/** All parts of the whole stack at once, so that what is missing is told in one list, and what has to be built is built side by side. */
import { chooseDocumentDatabase } from '../parts/document-database-part.ts';
import { etcdPart, kubeApiserverPart } from '../parts/kubernetes-parts.ts';
import { kustomizePart } from '../parts/kustomize-part.ts';
import { obtainParts } from '../parts/obtain-parts.ts';
import type { Surroundings } from '../parts/part.ts';
import { isDebianRoot } from '../parts/debian-package.ts';
import { quilkinPart } from '../parts/quilkin-part.ts';
import { redisPart } from '../parts/redis-part.ts';
import { sampleServerPart } from '../parts/sample-server-part.ts';

export interface StackParts {
  readonly sampleServer: string;
  readonly kustomize: string;
  /** Only where an edge is asked for. */
  readonly quilkin: string | undefined;
}

export async function obtainStackParts(around: Surroundings, tree: string): Promise<StackParts> {
  const given = (name: string): boolean => (around.env[name] ?? '') !== '';
  const [sampleServer, kustomize, quilkin] = await obtainParts(
    [
      sampleServerPart(tree),
      kustomizePart,
      ...(given('UDP_EDGE') ? [quilkinPart] : []),
      kubeApiserverPart,
      etcdPart,
      ...(given('MONGO_URL') ? [] : [await chooseDocumentDatabase(around)]),
      ...(given('REDIS_URL') ? [] : [redisPart(isDebianRoot())]),
    ],
    around,
  );
  if (sampleServer === undefined || kustomize === undefined) throw new Error('A part was not obtained');
  return { sampleServer, kustomize, quilkin: given('UDP_EDGE') ? quilkin : undefined };
}
