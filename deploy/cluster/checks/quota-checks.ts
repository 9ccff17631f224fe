/** Whether each region has room for what the environment may grow to. */
import { z } from 'zod';
import { succeeded, type CommandEnd } from '../../tools/command.ts';
import { regionsOf, type Known } from '../known.ts';
import { usualNeed, type Need } from '../region-need.ts';
import { fine, firstWords, later, missing, unknown, type Check, type Verdict } from './check.ts';
import { parsed } from './parsed.ts';

const Region = z.object({ quotas: z.array(z.object({ metric: z.string(), limit: z.number(), usage: z.number() })) });

/** @param planned what Terraform's plan comes to, by region; where it is not known, the environment's usual need is what counts. */
export function quotaChecks(known: Known, planned: Readonly<Record<string, Need>>): Check[] {
  const project = known.settings.projectId ?? '';
  const usual = usualNeed(known.request.environment);
  return regionsOf(known).map(({ name }) => ({
    about: `quotas in ${name}`,
    needs: ['project'],
    look: {
      command: {
        command: 'gcloud',
        args: ['compute', 'regions', 'describe', name, `--project=${project}`, '--format=json(quotas)'],
        timeoutMs: 60_000,
      },
      judge: (end: CommandEnd) => {
        const exact = planned[name];
        const verdict = judgeQuotas(end, name, exact ?? usual);
        const isGuess = exact === undefined && !known.settings.hasOwnSizes;
        return isGuess && verdict.is === 'missing'
          ? later(`${verdict.detail} by the root’s own sizes; yours are counted in Terraform’s plan`)
          : verdict;
      },
    },
  }));
}

/** Only a limit below the need itself stops: what is in use may be this environment's own. */
function judgeQuotas(end: CommandEnd, region: string, need: Need): Verdict {
  if (!succeeded(end)) {
    if (/SERVICE_DISABLED|has not been used|not enabled|accessNotConfigured/i.test(end.stderr))
      return later('are looked at when the Compute Engine API is enabled');
    return unknown(firstWords(end));
  }
  const quotas = parsed(Region, end.stdout)?.quotas;
  if (quotas === undefined) return unknown('gcloud’s answer is of another shape');
  const named = Object.entries(need).map(([metric, wanted]) => ({ metric, wanted, quota: quotas.find((one) => one.metric === metric) }));
  const short = named.filter(({ wanted, quota }) => quota !== undefined && quota.limit < wanted);
  if (short.length > 0) {
    const list = short.map(({ metric, wanted, quota }) => `${metric} is ${quota?.limit ?? 0} and ${wanted} are needed`);
    return missing(
      list.join('; '),
      `ask for more in ${region} (the console’s page IAM & Admin → Quotas), or set smaller game_server_pools in the .tfvars`,
    );
  }
  const told = named.map(({ metric, wanted, quota }) =>
    quota === undefined ? `${metric}: not told` : `${metric} ${wanted} of ${quota.limit} (${quota.usage} in use)`,
  );
  return fine(told.join(', '));
}
