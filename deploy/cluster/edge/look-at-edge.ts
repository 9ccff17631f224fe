/** Asks DNS and Certificate Manager why the public API does not answer. What cannot be seen is told as such and stops nothing. */
import { z } from 'zod';
import type { CommandLine } from '../command-line.ts';
import type { Hands } from '../doing/hands.ts';
import { runLine } from '../doing/run-line.ts';
import { firstWords } from '../checks/check.ts';
import { succeeded } from '../../tools/command.ts';
import { parsed } from '../checks/parsed.ts';
import { reasonOf } from '../../tools/reason-of.ts';
import { Certificate, DnsAuthorization, edgeReasons, type Answer } from './edge-reasons.ts';

/** The way from a player to the public API. */
export interface Edge {
  readonly project: string;
  readonly domain: string;
  readonly zone: readonly string[];
  readonly hosts: readonly string[];
  readonly address: string;
}

export async function whyTheEdgeIsDark({ project, domain, zone, hosts, address }: Edge, hands: Hands): Promise<string[]> {
  const [nameServers, addresses, authorizations, certificates] = await Promise.all([
    answerOf(() => hands.nameServersOf(domain)),
    byName(hosts, hands.addressesOf),
    listed(DnsAuthorization, listOf('dns-authorizations', project), hands),
    listed(Certificate, listOf('certificates', project), hands),
  ]);
  const records = await byName(
    authorizations.found.map(({ dnsResourceRecord: { name } }) => name),
    hands.aliasesOf,
  );
  const reasons = edgeReasons({
    hosts,
    address,
    domain,
    zone,
    nameServers,
    addresses,
    records,
    authorizations: authorizations.found,
    certificates: certificates.faults.length === 0 ? certificates.found : undefined,
  });
  return [...reasons, ...authorizations.faults, ...certificates.faults];
}

export async function answerOf(look: () => Promise<readonly string[]>): Promise<Answer> {
  try {
    return await look();
  } catch (cause) {
    return { fault: reasonOf(cause) };
  }
}

async function byName(names: readonly string[], look: (name: string) => Promise<readonly string[]>): Promise<Record<string, Answer>> {
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await answerOf(() => look(name))] as const)));
}

function listOf(what: 'certificates' | 'dns-authorizations', project: string): CommandLine {
  return { command: 'gcloud', args: ['certificate-manager', what, 'list', '--format=json', `--project=${project}`], timeoutMs: 60_000 };
}

async function listed<T extends z.ZodType>(shape: T, line: CommandLine, hands: Hands) {
  const end = await runLine(line, hands);
  const found = succeeded(end) ? parsed(z.array(shape), end.stdout.trim() || '[]') : undefined;
  return found === undefined
    ? { found: [], faults: [`gcloud certificate-manager ${line.args[1] ?? ''} list does not tell: ${firstWords(end)}`] }
    : { found, faults: [] };
}
