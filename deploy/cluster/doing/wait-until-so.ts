/** Waits with progress for what a step waits for. */
import { reasonOf } from '../../tools/reason-of.ts';
import { delegationReason } from '../edge/edge-reasons.ts';
import { answerOf, whyTheEdgeIsDark } from '../edge/look-at-edge.ts';
import { judgeDeployments, judgeExternalSecrets, judgeFleets, type Progress } from '../judges.ts';
import type { WaitFor } from '../steps/wait-for.ts';
import type { Hands } from './hands.ts';
import { podTroubles } from '../pod-troubles.ts';
import { succeeded } from '../../tools/command.ts';
import { runLine } from './run-line.ts';

/** Nothing in a cloud changes faster, and nobody is to be asked more often. */
const AGAIN_MS = 10_000;
/** A line that says the same as before is said again after this. */
const STILL_MS = 60_000;

const JUDGES = { fleets: judgeFleets, deployments: judgeDeployments, 'external-secrets': judgeExternalSecrets };

/** @throws when it is not so in time, with what was seen last. */
export async function waitUntilSo(until: WaitFor, hands: Hands): Promise<void> {
  const begun = hands.now();
  let told = { line: '', at: 0 };
  for (;;) {
    const progress = await look(until, hands);
    const spent = hands.now() - begun;
    if (progress.told !== told.line || hands.now() - told.at >= STILL_MS) {
      hands.shop.say(`  ${Math.round(spent / 1_000)} s: ${progress.told}`);
      // Whoever waits learns at the first look whether it is for him to do something.
      if (!progress.done) for (const reason of await reasonsFor(until, hands)) hands.shop.say(`      ${reason}`);
      told = { line: progress.told, at: hands.now() };
    }
    if (progress.done) return;
    if (spent >= until.withinMs) {
      const reasons = (await reasonsFor(until, hands)).map((reason) => `\n  ${reason}`);
      throw new Error(`not so after ${Math.round(spent / 60_000)} minutes; last seen: ${progress.told}${reasons.join('')}`);
    }
    await hands.sleep(AGAIN_MS);
  }
}

async function look(until: WaitFor, hands: Hands): Promise<Progress> {
  switch (until.judge) {
    case 'delegation': {
      const { domain, zone } = until.edge;
      const nameServers = await answerOf(() => hands.nameServersOf(domain));
      const reason = delegationReason({ domain, zone, nameServers });
      return { done: reason === undefined, told: reason ?? `${domain} is delegated` };
    }
    case 'hosts':
      return everyHost(until.edge.hosts, async (host) => {
        const found = await hands.addressesOf(host);
        if (!found.includes(until.edge.address)) throw new Error(`is ${found.join(', ')} and not yet ${until.edge.address}`);
      });
    case 'https':
      return everyHost(until.edge.hosts, hands.answersHttps);
    default: {
      // A control plane that is being resized does not answer for a while: that is waited for like all else.
      const end = await runLine(until.command, hands);
      if (!succeeded(end)) return { done: false, told: lastLine(end.stderr) ?? 'kubectl had no answer' };
      return JUDGES[until.judge](end.stdout);
    }
  }
}

/** The first cause of what is seen only at its end. */
async function reasonsFor(until: WaitFor, hands: Hands): Promise<string[]> {
  if (until.judge === 'hosts' || until.judge === 'https') return whyTheEdgeIsDark(until.edge, hands);
  if (until.judge === 'delegation' || until.pods === undefined) return [];
  const end = await runLine(until.pods, hands);
  return succeeded(end) ? podTroubles(end.stdout) : [];
}

async function everyHost(hosts: readonly string[], look: (host: string) => Promise<void>): Promise<Progress> {
  const ends = await Promise.allSettled(hosts.map(look));
  const lacking = ends.flatMap((end, nth) => (end.status === 'rejected' ? [`${hosts[nth] ?? ''}: ${reasonOf(end.reason)}`] : []));
  return { done: lacking.length === 0, told: lacking.length === 0 ? `${hosts.join(', ')}: yes` : lacking.join('; ') };
}

function lastLine(text: string): string | undefined {
  return text.trim().split('\n').at(-1) || undefined;
}
