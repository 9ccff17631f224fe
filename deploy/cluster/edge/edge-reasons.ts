/** Why the public API does not answer yet, from the first cause on: delegation, addresses, proofs for the certificates, certificates. Pure. */
import { z } from 'zod';
import { isDelegated } from '../checks/dns-check.ts';

/** What DNS said, or why it said nothing. */
export type Answer = readonly string[] | { readonly fault: string };

export interface EdgeFacts {
  readonly hosts: readonly string[];
  readonly address: string;
  readonly domain: string;
  readonly zone: readonly string[];
  readonly nameServers: Answer;
  /** Host → its addresses. */
  readonly addresses: Readonly<Record<string, Answer>>;
  readonly authorizations: readonly DnsAuthorization[];
  /** Name of an authorization's record → what it is. */
  readonly records: Readonly<Record<string, Answer>>;
  /** Undefined where Certificate Manager did not tell. */
  readonly certificates: readonly Certificate[] | undefined;
}

export const DnsAuthorization = z.object({
  domain: z.string(),
  dnsResourceRecord: z.object({ name: z.string(), type: z.string(), data: z.string() }),
});
export type DnsAuthorization = z.infer<typeof DnsAuthorization>;

export const Certificate = z.object({
  name: z.string(),
  managed: z.object({
    domains: z.array(z.string()).default([]),
    state: z.string().default('of unknown state'),
    provisioningIssue: z.object({ reason: z.string().default(''), details: z.string().default('') }).optional(),
    authorizationAttemptInfo: z
      .array(z.object({ domain: z.string(), state: z.string(), failureReason: z.string().default(''), details: z.string().default('') }))
      .default([]),
  }),
});
export type Certificate = z.infer<typeof Certificate>;

export function edgeReasons(facts: EdgeFacts): string[] {
  const delegation = delegationReason(facts);
  const names = delegation === undefined ? [...addressReasons(facts), ...proofReasons(facts)] : [delegation];
  const { hosts, certificates } = facts;
  const lacking = certificates === undefined ? [] : hosts.flatMap((host) => certificateReason(host, certificates));
  if (certificates === undefined || names.length + lacking.length > 0) return [...names, ...lacking];
  return [
    'names and certificates are right: the load balancer takes some minutes to use them, or no backend is well (gcloud compute backend-services list)',
  ];
}

/** @returns nothing where it is right. */
export function delegationReason({ domain, zone, nameServers }: Pick<EdgeFacts, 'domain' | 'zone' | 'nameServers'>): string | undefined {
  const wanted = `it has to be ${zone.join(', ')}: set that where ${domain} is registered`;
  if ('fault' in nameServers) {
    const servfail = /SERVFAIL/i.test(nameServers.fault)
      ? '; its name servers do not know it, or the registrar still has a DS record of an earlier zone: take that out'
      : '';
    return `the name servers of ${domain} cannot be looked up: ${nameServers.fault}${servfail}`;
  }
  if (isDelegated(nameServers, zone)) return undefined;
  return `${domain} is delegated to ${nameServers.length === 0 ? 'nobody' : nameServers.join(', ')}; ${wanted}`;
}

function addressReasons({ hosts, addresses, address }: EdgeFacts): string[] {
  return hosts.flatMap((host) => {
    const found = addresses[host] ?? [];
    if ('fault' in found) return [`${host} does not resolve (${found.fault}); it has to be ${address}`];
    return found.includes(address)
      ? []
      : [`${host} is ${found.join(', ')} and not yet ${address}: a record of before is still remembered, or is in another zone`];
  });
}

/** Google looks for these records before it issues a certificate. */
function proofReasons({ hosts, authorizations, records }: EdgeFacts): string[] {
  return authorizations
    .filter(({ domain }) => hosts.includes(domain))
    .flatMap(({ domain, dnsResourceRecord: { name, type, data } }) => {
      const found = records[name] ?? [];
      const plain = (text: string): string => text.toLowerCase().replace(/\.$/, '');
      if ('fault' in found) return [`the proof for ${domain} is missing: ${name} ${type} ${data} (${found.fault})`];
      return found.some((one) => plain(one) === plain(data))
        ? []
        : [`the proof for ${domain} is wrong: ${name} is ${found.join(', ') || 'nothing'} and has to be ${type} ${data}`];
    });
}

const MEANING: Readonly<Record<string, string>> = {
  CONFIG: 'Google did not find its record in DNS',
  CAA: 'a CAA record of the domain lets only other authorities issue certificates',
  RATE_LIMITED: 'too many were asked for: wait',
};

function certificateReason(host: string, certificates: readonly Certificate[]): string[] {
  const managed = certificates.find(({ managed: { domains } }) => domains.includes(host))?.managed;
  if (managed === undefined) return [`${host} has no certificate in Certificate Manager: Terraform makes it`];
  if (managed.state === 'ACTIVE') return [];
  const attempt = managed.authorizationAttemptInfo.find(({ domain }) => domain === host);
  const why = attempt?.failureReason ?? '';
  const details = [
    managed.state,
    ...(attempt === undefined ? [] : [`${attempt.state}${why === '' ? '' : ` by ${why}: ${MEANING[why] ?? attempt.details}`}`]),
    ...(managed.provisioningIssue === undefined ? [] : [managed.provisioningIssue.details || managed.provisioningIssue.reason]),
    ...(managed.state === 'FAILED' ? ['Google has given up: terraform apply -replace of this certificate asks anew'] : []),
  ];
  return [`the certificate of ${host} is ${details.filter((one) => one !== '').join('; ')}`];
}
