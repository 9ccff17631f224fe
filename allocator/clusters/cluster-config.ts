/** What the clusters file says of each cluster. Pure. */
import { parse } from 'yaml';
import { z } from 'zod';
import { KubeName } from '../../contracts/words.ts';
import { ConfigError } from '../../runtime/config.ts';

/** A misspelt field is a fault: it would be an edit that does nothing. */
export const ClusterConfig = z
  .strictObject({
    name: KubeName.describe('means this cluster for ever: what was bound there is looked for by it'),
    region: KubeName,
    kubeconfig: z.string().min(1).optional().describe('path of a kubeconfig file'),
    context: z.string().min(1).optional().describe('its current context by default'),
    inCluster: z.literal(true).optional().describe('the cluster that the allocator itself runs in, as its pod’s service account'),
    namespace: KubeName,
    weight: z.number().positive().max(1_000).default(1),
    drain: z.boolean().default(false).describe('no new sessions; those that are there go on'),
    fleets: z.array(KubeName).min(1).optional().describe('the only fleets to place on; all by default'),
  })
  .superRefine(({ kubeconfig, context, inCluster }, issues) => {
    const fault = (path: string, message: string) => issues.addIssue({ code: 'custom', path: [path], message });
    if (kubeconfig === undefined && inCluster === undefined) fault('kubeconfig', 'is not set, and neither is inCluster: true');
    if (kubeconfig !== undefined && inCluster !== undefined) fault('inCluster', 'contradicts kubeconfig: give one of them');
    if (context !== undefined && kubeconfig === undefined) fault('context', 'is of a kubeconfig, and none is given');
  });
export type ClusterConfig = z.infer<typeof ClusterConfig>;

const Clusters = z.array(ClusterConfig).min(1, 'lists no cluster; drain or remove them one by one');

/** @throws ConfigError with every fault. */
export function parseClusters(text: string, file: string): ClusterConfig[] {
  let given: unknown;
  try {
    given = parse(text);
  } catch (cause) {
    throw new ConfigError([`${file}: is neither YAML nor JSON: ${cause instanceof Error ? firstLine(cause.message) : ''}`]);
  }
  const parsed = Clusters.safeParse(given);
  const faults = parsed.error?.issues.map((issue) => `${file}: ${placeOf(given, issue.path)}${issue.message}`) ?? [];
  faults.push(...namedTwice(given).map((name) => `${file}: the cluster ${name} is listed twice`));
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);
  return parsed.data;
}

/** Whether two entries of one name are reached alike. */
export function sameConnection(a: ClusterConfig, b: ClusterConfig): boolean {
  return a.kubeconfig === b.kubeconfig && a.context === b.context && a.inCluster === b.inCluster;
}

/** By the cluster's name where it has one: numbers are hard to count in a long file. */
function placeOf(given: unknown, [at, ...rest]: readonly PropertyKey[]): string {
  if (at === undefined) return '';
  const name = Array.isArray(given) ? nameOf(given[Number(at)]) : undefined;
  return `${[name ?? `#${Number(at) + 1}`, ...rest].map(String).join('.')}: `;
}

function namedTwice(given: unknown): string[] {
  const names = Array.isArray(given) ? given.flatMap((one) => nameOf(one) ?? []) : [];
  return [...new Set(names.filter((name, at) => names.indexOf(name) !== at))];
}

function nameOf(entry: unknown): string | undefined {
  return typeof entry === 'object' && entry !== null && 'name' in entry && typeof entry.name === 'string' ? entry.name : undefined;
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
