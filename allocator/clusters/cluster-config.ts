/** What the clusters file says of each cluster. Pure. */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
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
    endpoint: z.string().optional().describe('https://… of a control plane that takes Google’s identities, as GKE’s'),
    credentials: z.literal('google').optional().describe('of an endpoint: the Google identity of the allocator’s pod'),
    ca: z.string().optional().describe('of an endpoint: its authority, PEM in base64; empty where its certificate is publicly trusted'),
    namespace: KubeName,
    weight: z.number().positive().max(1_000).default(1),
    drain: z.boolean().default(false).describe('no new sessions; those that are there go on'),
    udpEdge: z
      .strictObject({ host: z.string().min(1).max(253), port: z.int().min(1).max(65_535) })
      .optional()
      .describe('players of new sessions send here, with the routing token of their session, and not to the game server'),
    fleets: z.array(KubeName).min(1).optional().describe('the only fleets to place on; all by default'),
  })
  .superRefine((config, issues) => {
    for (const { path, message } of connectionFaults(config)) issues.addIssue({ code: 'custom', path: [path], message });
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
  const isSame = (field: (typeof CONNECTION)[number]) => a[field] === b[field];
  return CONNECTION.every(isSame);
}

/** How a cluster is reached, and as whom. */
const CONNECTION = ['kubeconfig', 'context', 'inCluster', 'endpoint', 'credentials', 'ca'] as const;
type Connection = Partial<Record<Exclude<(typeof CONNECTION)[number], 'inCluster'>, string | undefined>> & { inCluster?: true | undefined };

function connectionFaults({ kubeconfig, context, inCluster, endpoint, credentials, ca }: Connection): { path: string; message: string }[] {
  const faults: { path: string; message: string }[] = [];
  const fault = (path: string, message: string) => void faults.push({ path, message });
  if (kubeconfig === undefined && inCluster === undefined && endpoint === undefined)
    fault('kubeconfig', 'is not set, and neither is inCluster: true or an endpoint');
  if (kubeconfig !== undefined && inCluster !== undefined) fault('inCluster', 'contradicts kubeconfig: give one of them');
  if (endpoint !== undefined && (kubeconfig ?? inCluster) !== undefined)
    fault('endpoint', `contradicts ${kubeconfig === undefined ? 'inCluster' : 'kubeconfig'}: give one of them`);
  if (context !== undefined && kubeconfig === undefined) fault('context', 'is of a kubeconfig, and none is given');
  if (endpoint === undefined) {
    if (credentials !== undefined) fault('credentials', 'are for an endpoint, and none is given');
    if (ca !== undefined) fault('ca', 'is of an endpoint, and none is given');
    return faults;
  }
  const url = URL.parse(endpoint);
  const isPlain = url?.protocol === 'https:' && `${url.username}${url.password}${url.search}${url.hash}` === '';
  if (!isPlain) fault('endpoint', 'is not https:// with a host and nothing but a path behind it');
  if (credentials === undefined) fault('credentials', 'is not set; an endpoint is reached with credentials: google');
  if (ca !== undefined && ca !== '' && !isAuthority(ca)) fault('ca', 'is no certificate: PEM in base64, as GKE’s clusterCaCertificate');
  const isAddress = isIP(url?.hostname.replaceAll(/^\[|\]$/g, '') ?? '') !== 0;
  if (isAddress && (ca ?? '') === '')
    fault('ca', 'is not set, and the certificate for an address is signed by the cluster’s own authority');
  return faults;
}

function isAuthority(ca: string): boolean {
  try {
    return new X509Certificate(Buffer.from(ca, 'base64')).subject !== '';
  } catch {
    return false;
  }
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
