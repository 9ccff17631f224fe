/** Whether the world finds the environment's zone. */
import type { Known } from '../known.ts';
import { later, fine, type Check, type Verdict } from './check.ts';

/** @returns the name servers of a domain; none where it has none. @throws where DNS does not answer. */
export type NameServersOf = (domain: string) => Promise<readonly string[]>;

/** Before the first deployment the zone is not there: then only what to do later is told. It never stops a deployment. */
export function dnsCheck(known: Known, nameServersOf: NameServersOf): Check {
  const domain = known.settings.domain ?? '';
  const look = async (): Promise<Verdict> => {
    const mine = known.outputs?.dns_name_servers;
    let servers: readonly string[];
    try {
      servers = await nameServersOf(domain);
    } catch (cause) {
      return later(
        `${domain} could not be looked up from here (${cause instanceof Error ? cause.message : 'no answer'}); it is waited for after the infrastructure`,
      );
    }
    if (mine === undefined) {
      const now = servers.length === 0 ? 'is delegated to nobody yet' : `is delegated to ${servers.join(', ')}`;
      return later(`${domain} ${now}; the infrastructure tells the name servers that it is to have`);
    }
    return isDelegated(servers, mine)
      ? fine(`${domain} is delegated to its zone`)
      : later(`delegate ${domain} to ${mine.join(', ')}, where it is registered`);
  };
  return { about: 'DNS delegation', needs: ['values of the environment'], look: { judge: look } };
}

export function isDelegated(servers: readonly string[], zone: readonly string[]): boolean {
  const plain = (name: string) => name.toLowerCase().replace(/\.$/, '');
  const present = new Set(servers.map(plain));
  return zone.length > 0 && zone.every((name) => present.has(plain(name)));
}
