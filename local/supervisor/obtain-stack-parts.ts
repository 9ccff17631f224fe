/** All parts of the whole stack at once, so that what is missing is told in one list, and what has to be built is built side by side. */
import { chooseDocumentDatabase } from '../parts/document-database-part.ts';
import { etcdPart, kubeApiserverPart } from '../parts/kubernetes-parts.ts';
import { obtainParts } from '../parts/obtain-parts.ts';
import type { Surroundings } from '../parts/part.ts';
import { isDebianRoot, redisPart } from '../parts/redis-part.ts';
import { sampleServerPart } from '../parts/sample-server-part.ts';

export interface StackParts {
  readonly sampleServer: string;
}

export async function obtainStackParts(around: Surroundings, tree: string): Promise<StackParts> {
  const given = (name: string): boolean => (around.env[name] ?? '') !== '';
  const [sampleServer] = await obtainParts(
    [
      sampleServerPart(tree),
      kubeApiserverPart,
      etcdPart,
      ...(given('MONGO_URL') ? [] : [await chooseDocumentDatabase(around)]),
      ...(given('REDIS_URL') ? [] : [redisPart(isDebianRoot())]),
    ],
    around,
  );
  if (sampleServer === undefined) throw new Error('No sample game server was obtained');
  return { sampleServer };
}
