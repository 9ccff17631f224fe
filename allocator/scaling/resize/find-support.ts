/** Whether a cluster can resize pods in place, and whether we may: its own word for both. */
import { z } from 'zod';
import { answerError } from '../../clusters/kube-errors.ts';
import type { AskCluster } from './ask-cluster.ts';

export type Support =
  | { readonly available: true; readonly memoryLimitsShrink: boolean }
  | { readonly available: false; readonly why: string };

const Discovery = z.object({ resources: z.array(z.object({ name: z.string() })) });
const Version = z.object({ minor: z.string(), emulationMinor: z.string().optional() });
const Review = z.object({ status: z.object({ allowed: z.boolean() }) });

/** What is done to the pods of game servers. */
const RIGHTS = [
  { verb: 'get', resource: 'pods' },
  { verb: 'patch', resource: 'pods', subresource: 'resize' },
] as const;
/** The first minor version of Kubernetes that lowers a memory limit without a restart. */
const LIMITS_SHRINK_SINCE = 34;

/** @throws AppError when the cluster does not answer. */
export async function findSupport(ask: AskCluster, namespace: string): Promise<Support> {
  const { status, body } = await ask({ method: 'GET', path: '/api/v1' });
  if (status !== 200) throw answerError('say what it can', status, body);
  const { resources } = Discovery.parse(body);
  if (!resources.some(({ name }) => name === 'pods/resize'))
    return { available: false, why: 'it has no subresource pods/resize, which Kubernetes has since 1.33' };
  const missing: string[] = [];
  for (const right of RIGHTS) if (!(await mayDo(ask, { namespace, ...right }))) missing.push(nameOf(right));
  if (missing.length > 0) return { available: false, why: `we may not ${missing.join(', ')} in ${namespace}` };
  return { available: true, memoryLimitsShrink: canLowerLimits((await ask({ method: 'GET', path: '/version' })).body) };
}

/** @param version as `/version` tells it; `minor` may end in a `+`. */
export function canLowerLimits(version: unknown): boolean {
  const { minor, emulationMinor = minor } = Version.parse(version);
  return Number.parseInt(emulationMinor, 10) >= LIMITS_SHRINK_SINCE;
}

async function mayDo(ask: AskCluster, resourceAttributes: object): Promise<boolean> {
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } };
  const { body: review } = await ask({ method: 'POST', path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', body });
  // Where one may not even ask, doing it would tell; that is no reason to begin.
  return Review.safeParse(review).data?.status.allowed === true;
}

function nameOf({ verb, resource, ...rest }: (typeof RIGHTS)[number]): string {
  return `${verb} ${resource}${'subresource' in rest ? `/${rest.subresource}` : ''}`;
}
