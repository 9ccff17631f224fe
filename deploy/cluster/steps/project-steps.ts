/** What has to be in the project before Terraform can begin. Pure. */
import type { CommandLine } from '../command-line.ts';
import { projectOf, type Known } from '../known.ts';
import { stateBucket, stateLocation } from '../state-bucket.ts';
import type { Step } from './step.ts';

/** Terraform enables all others; without these it can neither ask nor keep anything. */
export const FIRST_APIS = ['cloudbilling', 'cloudresourcemanager', 'compute', 'iam', 'secretmanager', 'serviceusage', 'storage'].map(
  (name) => `${name}.googleapis.com`,
);

const MINUTE = 60_000;

export function projectSteps(known: Known): Step[] {
  const project = projectOf(known);
  const bucket = `gs://${stateBucket(known)}`;
  const location = stateLocation(known.regions[0]?.name ?? '');
  const gcloud = (...args: string[]): CommandLine => ({
    command: 'gcloud',
    args: [...args, `--project=${project}`],
    timeoutMs: 5 * MINUTE,
  });
  return [
    {
      id: 'apis',
      what: `Enable the ${FIRST_APIS.length} APIs that Terraform itself needs`,
      why: 'an empty project answers neither for quotas nor for a bucket; Terraform enables the others',
      action: { kind: 'run', commands: [gcloud('services', 'enable', ...FIRST_APIS)] },
      done: { when: 'gcloud services list --enabled names them; enabling again changes nothing' },
      undo: 'none needed: an enabled API costs nothing',
      lookAt: `the console’s page APIs & Services of ${project}; it takes the role Service Usage Admin, and billing`,
    },
    {
      id: 'quotas',
      what: 'Look at the quotas again',
      why: 'they can be asked for only where the Compute Engine API is enabled',
      action: { kind: 'check-quotas' },
      done: { when: 'every region has room for what the environment may grow to' },
      undo: 'nothing is changed',
      lookAt: `the console’s page IAM & Admin → Quotas of ${project}`,
    },
    {
      id: 'state-bucket',
      what: `Make the bucket ${bucket} for Terraform’s state`,
      why: 'all who deploy share one state, and its lock; versions bring a broken one back',
      action: {
        kind: 'run',
        commands: [
          gcloud(
            'storage',
            'buckets',
            'create',
            bucket,
            `--location=${location}`,
            '--uniform-bucket-level-access',
            '--public-access-prevention',
          ),
        ],
      },
      done: { when: 'it is there', asked: { command: describeBucket(known), yes: 'succeeds' } },
      undo: `gcloud storage rm --recursive ${bucket}, after the environment is destroyed: without its state Terraform knows of nothing`,
      lookAt: 'whether another project has a bucket of that name, and the role Storage Admin',
    },
    {
      id: 'state-versions',
      what: 'Keep old versions of the state',
      why: 'a state that was lost or broken can be brought back',
      action: { kind: 'run', commands: [gcloud('storage', 'buckets', 'update', bucket, '--versioning')] },
      done: { when: 'the bucket says so; saying it again changes nothing' },
      undo: 'gcloud storage buckets update --no-versioning',
      lookAt: 'the role Storage Admin',
    },
  ];
}

export function describeBucket(known: Known): CommandLine {
  const args = ['storage', 'buckets', 'describe', `gs://${stateBucket(known)}`, `--project=${projectOf(known)}`];
  return { command: 'gcloud', args: [...args, '--format=value(name)'], timeoutMs: MINUTE };
}
