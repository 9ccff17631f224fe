/**
 * Where a webhook may reach: public addresses by https only, so that nobody makes the allocator speak to what stands behind
 * its firewall. On a laptop, or inside a cluster, a setting lets it speak to anything. Pure.
 */
import ipaddr from 'ipaddr.js';

export type PrivateAddresses = 'allow' | 'refuse';

/** Public by its number, but inside Azure it is the platform's own, which hands out credentials. */
const AZURE_PLATFORM = '168.63.129.16';
/** All that IANA has given out for global unicast. */
const GLOBAL_UNICAST: [ipaddr.IPv6, number] = ipaddr.IPv6.parseCIDR('2000::/3');

/** Of one address, resolved or literal: whether the whole internet may know it. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address) || address === AZURE_PLATFORM) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_UNICAST);
}

/** What is wrong with a webhook's URL, and how to mend it; `undefined` when nothing is. What a name resolves to is seen later. */
export function urlFault(text: string, privateAddresses: PrivateAddresses): string | undefined {
  if (!URL.canParse(text)) return 'is not a URL';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'has to begin with https://';
  if (url.username !== '' || url.password !== '') return 'must not carry a login: the signature proves who sends';
  if (url.hash !== '') return 'must not have a fragment';
  if (privateAddresses === 'allow') return undefined;
  if (url.protocol !== 'https:') return 'has to begin with https://';
  const literal = literalAddress(url);
  if (literal !== undefined && !isPublicAddress(literal)) return `${literal} is not a public address`;
  return undefined;
}

/** The address where the URL names one instead of a host name. */
export function literalAddress(url: URL): string | undefined {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return ipaddr.isValid(host) ? host : undefined;
}
