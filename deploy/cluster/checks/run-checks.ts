/** Looks at everything, those at once that do not wait for another, so that all that is missing is told at once. */
import { runCommand, type Workshop } from '../../tools/command.ts';
import { unknown, unseen, type Check, type Finding, type Verdict } from './check.ts';

/** @returns one finding for each check, in their order. */
export async function runChecks(checks: readonly Check[], shop: Workshop): Promise<Finding[]> {
  const verdicts = new Map<string, Promise<Verdict>>();
  // A check comes after those that it needs.
  for (const check of checks) verdicts.set(check.about, judge(check, verdicts, shop));
  return Promise.all(checks.map(async ({ about }) => ({ about, verdict: (await verdicts.get(about)) ?? unknown('was not looked at') })));
}

async function judge({ about, needs, look }: Check, verdicts: ReadonlyMap<string, Promise<Verdict>>, shop: Workshop): Promise<Verdict> {
  const before = needs.map((name) => [name, verdicts.get(name)] as const);
  for (const [name, verdict] of before) if (verdict === undefined) throw new Error(`${about} needs ${name}, which is not looked at before`);
  const settled = await Promise.all(before.map(async ([name, verdict]) => ({ name, verdict: await verdict })));
  const lacking = settled.filter(({ verdict }) => verdict?.is !== 'fine').map(({ name }) => name);
  if (lacking.length > 0) return unseen(lacking);
  if (!('command' in look)) return look.judge();
  const { command, args, env, timeoutMs } = look.command;
  return look.judge(await runCommand(shop, command, args, { timeoutMs, ...(env === undefined ? {} : { env }) }));
}
