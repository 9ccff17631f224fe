/** Secrets that nobody needs to know: made once, straight into Secret Manager, in no state and no log. Pure. */
import type { CommandLine } from '../command-line.ts';
import type { Known } from '../known.ts';
import type { Outputs } from '../outputs.ts';
import type { Step } from './step.ts';

const MADE = {
  'accounts-secret': 'encrypts the signing keys of accounts at rest',
  'allocator-key-secret': 'seals the allocator’s signing keys at rest',
} as const;
const BYTES = 32;
const MINUTE = 60_000;

export function randomSecretSteps({ request, settings }: Known, outputs: Outputs): Step[] {
  const project = settings.projectId ?? outputs.project_id;
  const gcloud = (...args: string[]): CommandLine => ({
    command: 'gcloud',
    args: ['secrets', 'versions', ...args, `--project=${project}`],
    timeoutMs: 2 * MINUTE,
  });
  return Object.entries(MADE).map(([short, why]) => {
    const name = `lifeverse-${request.environment}-${short}`;
    return {
      id: `secret/${short}`,
      what: `Make the secret ${name}`,
      why: `it ${why}; whoever deploys need not know it`,
      action: { kind: 'secret', bytes: BYTES, command: gcloud('add', name, '--data-file=-') },
      done: {
        when: 'it has a version, of whatever state: that one is never replaced here',
        asked: { command: gcloud('list', name, '--limit=1', '--format=value(name)'), yes: 'prints' },
      },
      undo: `gcloud secrets versions destroy; what it ${why.split(' ')[0]} is then lost`,
      lookAt: `whether ${name} is there (Terraform makes it), and the role Secret Manager Admin`,
    };
  });
}
