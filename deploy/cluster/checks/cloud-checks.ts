/** Who is logged in, and what the project allows. */
import { z } from 'zod';
import { succeeded, type CommandEnd } from '../../tools/command.ts';
import type { CommandLine } from '../command-line.ts';
import type { Known } from '../known.ts';
import { FIRST_APIS, describeBucket } from '../steps/project-steps.ts';
import { stateBucket } from '../state-bucket.ts';
import { fine, firstWords, later, missing, unknown, type Check, type Verdict } from './check.ts';
import { parsed } from './parsed.ts';
import { quotaChecks } from './quota-checks.ts';

const TIMEOUT_MS = 60_000;
const gcloud = (...args: string[]): CommandLine => ({ command: 'gcloud', args, timeoutMs: TIMEOUT_MS });

export function cloudChecks(known: Known): Check[] {
  return [
    {
      about: 'login of gcloud',
      needs: ['gcloud'],
      look: { command: gcloud('auth', 'list', '--filter=status:ACTIVE', '--format=value(account)'), judge: judgeLogin },
    },
    {
      about: 'application default login',
      needs: ['gcloud'],
      look: {
        command: { ...gcloud('auth', 'application-default', 'print-access-token'), secretOutput: true },
        judge: (end) =>
          succeeded(end)
            ? fine('Terraform can log in')
            : missing(`Terraform cannot log in: ${firstWords(end)}`, 'gcloud auth application-default login'),
      },
    },
    ...projectChecks(known),
    ...quotaChecks(known, {}),
  ];
}

function projectChecks(known: Known): Check[] {
  const project = known.settings.projectId ?? '';
  const logged = ['login of gcloud', 'values of the environment'];
  return [
    {
      about: 'project',
      needs: logged,
      look: {
        command: gcloud('projects', 'describe', project, '--format=json(projectId,lifecycleState)'),
        judge: (end) => judgeProject(end, project),
      },
    },
    {
      about: 'billing',
      needs: ['project'],
      look: {
        command: gcloud('billing', 'projects', 'describe', project, '--format=json(billingEnabled,billingAccountName)'),
        judge: (end) => judgeBilling(end, project, known.settings.billingAccount),
      },
    },
    {
      about: 'APIs',
      needs: ['project'],
      look: {
        command: gcloud('services', 'list', '--enabled', `--project=${project}`, '--format=value(config.name)'),
        judge: (end) => {
          if (!succeeded(end)) return later(`are enabled by the step apis (${firstWords(end)})`);
          const enabled = new Set(end.stdout.split(/\s+/));
          const absent = FIRST_APIS.filter((name) => !enabled.has(name));
          return absent.length === 0 ? fine('those that Terraform needs are enabled') : later(`the step apis enables ${absent.join(', ')}`);
        },
      },
    },
    {
      about: 'state bucket',
      needs: ['project'],
      look: { command: describeBucket(known), judge: (end) => judgeBucket(end, stateBucket(known)) },
    },
  ];
}

function judgeLogin(end: CommandEnd): Verdict {
  const account = end.stdout.trim();
  if (!succeeded(end)) return unknown(firstWords(end));
  return account === '' ? missing('nobody is logged in', 'gcloud auth login') : fine(account);
}

const Project = z.object({ projectId: z.string(), lifecycleState: z.string() });

function judgeProject(end: CommandEnd, project: string): Verdict {
  if (!succeeded(end))
    return missing(
      `${project} cannot be seen: ${firstWords(end)}`,
      `gcloud projects create ${project}, or ask for the role Owner of it; or another project_id`,
    );
  const state = parsed(Project, end.stdout)?.lifecycleState;
  return state === 'ACTIVE' ? fine(project) : missing(`${project} is ${state ?? 'in no known state'}`, 'take a project that is ACTIVE');
}

const Billing = z.object({ billingEnabled: z.boolean().default(false), billingAccountName: z.string().default('') });

function judgeBilling(end: CommandEnd, project: string, account: string | undefined): Verdict {
  const mend = `gcloud billing projects link ${project} --billing-account=${account ?? 'ACCOUNT'}`;
  if (!succeeded(end))
    return /SERVICE_DISABLED|has not been used|not enabled/.test(end.stderr)
      ? later('is seen when its API is enabled')
      : unknown(firstWords(end));
  const billing = parsed(Billing, end.stdout);
  return billing?.billingEnabled === true ? fine(billing.billingAccountName) : missing(`${project} has no billing account`, mend);
}

function judgeBucket(end: CommandEnd, bucket: string): Verdict {
  if (succeeded(end)) return fine(`gs://${bucket}`);
  const words = firstWords(end);
  if (end.outcome === 'exited' && /not found|404|SERVICE_DISABLED|has not been used|not enabled/i.test(end.stderr))
    return later(`the step state-bucket makes gs://${bucket}`);
  return unknown(`gs://${bucket}: ${words}`);
}
