/**
 * What GKE's controllers make in a project beside Terraform, read from `gcloud compute … list --format=json`. Pure.
 *
 *   Gateway, Ingress ─▶ forwarding rule ─▶ proxy ─▶ URL map ─▶ backend service ─▶ endpoint groups, health check
 *   Service, ServiceExport ─▶ endpoint groups, firewall rules
 */
import { z } from 'zod';

export interface ComputeKind {
  readonly name: string;
  /** As gcloud calls them: `gcloud compute COLLECTION list`. */
  readonly collection: string;
}

/** In the order in which they can be deleted: none is used by one behind it. */
export const KINDS: readonly ComputeKind[] = [
  { name: 'forwarding rule', collection: 'forwarding-rules' },
  { name: 'HTTPS proxy', collection: 'target-https-proxies' },
  { name: 'HTTP proxy', collection: 'target-http-proxies' },
  { name: 'URL map', collection: 'url-maps' },
  { name: 'backend service', collection: 'backend-services' },
  { name: 'health check', collection: 'health-checks' },
  { name: 'endpoint group', collection: 'network-endpoint-groups' },
  { name: 'firewall rule', collection: 'firewall-rules' },
];

/** What Terraform makes for an environment, by which one knows what belongs to it. */
export interface OwnNames {
  readonly project: string;
  /** Network, certificate map and policy of TLS; what else Terraform makes begins with it. */
  readonly name: string;
  /** Of the public edge, where it is known. */
  readonly address: string | undefined;
}

export interface ComputeThing {
  readonly kind: ComputeKind;
  readonly name: string;
  /** Its URL, which names it without a region or a zone. */
  readonly link: string;
  /** URLs of what it uses. */
  readonly uses: readonly string[];
  /** It lies in the environment's network, or uses what only Terraform makes for it. */
  readonly isAnchored: boolean;
}

const Listed = z.array(
  z.looseObject({
    name: z.string(),
    selfLink: z.string(),
    network: z.string().optional(),
    IPAddress: z.string().optional(),
    certificateMap: z.string().optional(),
    sslPolicy: z.string().optional(),
    securityPolicy: z.string().optional(),
  }),
);

/** @throws where gcloud's answer is of another shape. */
export function computeThings(kind: ComputeKind, text: string, own: OwnNames): ComputeThing[] {
  return Listed.parse(JSON.parse(text)).map((one) => {
    const { name, selfLink, network, IPAddress, certificateMap, sslPolicy, securityPolicy } = one;
    const isAnchored =
      network?.endsWith(`/projects/${own.project}/global/networks/${own.name}`) === true ||
      (own.address !== undefined && IPAddress === own.address) ||
      lastPart(certificateMap) === own.name ||
      lastPart(sslPolicy) === own.name ||
      lastPart(securityPolicy) === `${own.name}-api`;
    return { kind, name, link: selfLink, uses: linksIn(one).filter((link) => link !== selfLink), isAnchored };
  });
}

function lastPart(url: string | undefined): string | undefined {
  return url?.split('/').at(-1);
}

/** Every URL in it, however deep: a URL map names backend services in half a dozen places. */
function linksIn(value: unknown): string[] {
  if (typeof value === 'string') return value.startsWith('https://') ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(linksIn);
}
