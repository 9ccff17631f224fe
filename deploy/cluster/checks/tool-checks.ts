/** The tools that a deployment runs, and their versions. */
import { z } from 'zod';
import { findBuilder } from '../../images/builders/find-builder.ts';
import { succeeded, type CommandEnd, type Workshop } from '../../tools/command.ts';
import { isAtLeast } from '../../../runtime/is-at-least.ts';
import { firstWords, fine, missing, type Check, type Verdict } from './check.ts';

interface Tool {
  readonly name: string;
  readonly args: readonly string[];
  /** The lowest version that will do. */
  readonly atLeast: string;
  readonly versionIn: (stdout: string) => string | undefined;
  readonly get: string;
}

const Json = (shape: z.ZodType<string>, dig: (value: unknown) => unknown) => (stdout: string) => {
  try {
    return shape.safeParse(dig(JSON.parse(stdout))).data;
  } catch {
    return undefined;
  }
};
const anyVersion = (stdout: string): string | undefined => /(\d+\.\d+(?:\.\d+)?)/.exec(stdout)?.[1];
const Record = z.record(z.string(), z.unknown());
const field = (name: string) => (value: unknown) => Record.safeParse(value).data?.[name];

/** No tool is to look for a newer one of itself while it is asked how old it is. */
const QUIET = { CHECKPOINT_DISABLE: '1', CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1' };

/** @param terraform what the roots ask for. */
export function toolChecks(terraform: string | undefined, shop: Workshop): Check[] {
  const tools: readonly Tool[] = [
    {
      name: 'gcloud',
      args: ['version', '--format=json'],
      atLeast: '450.0.0',
      versionIn: Json(z.string(), field('Google Cloud SDK')),
      get: 'install the Google Cloud CLI: cloud.google.com/sdk/docs/install',
    },
    {
      name: 'gke-gcloud-auth-plugin',
      args: ['--version'],
      atLeast: '0.0.0',
      versionIn: (stdout) => anyVersion(stdout) ?? '0.0.0',
      get: 'gcloud components install gke-gcloud-auth-plugin (or the package of that name)',
    },
    {
      name: 'terraform',
      args: ['version', '-json'],
      atLeast: terraform ?? '1.9.0',
      versionIn: Json(z.string(), field('terraform_version')),
      get: 'install Terraform: developer.hashicorp.com/terraform/install',
    },
    {
      name: 'kubectl',
      args: ['version', '--client', '--output=json'],
      // Its own kustomize renders components and replacements as fleets/ has them.
      atLeast: '1.31.0',
      versionIn: Json(
        z.string().transform((text) => anyVersion(text) ?? ''),
        (value) => field('gitVersion')(field('clientVersion')(value)),
      ),
      get: 'gcloud components install kubectl (or kubernetes.io/docs/tasks/tools)',
    },
    {
      name: 'helm',
      args: ['version', '--template={{.Version}}'],
      atLeast: '3.14.0',
      versionIn: anyVersion,
      get: 'install Helm: helm.sh/docs/intro/install; it resolves charts, and shows and mends releases that Terraform made',
    },
  ];
  return [...tools.map(toolCheck), builderCheck(shop)];
}

function toolCheck({ name, args, atLeast, versionIn, get }: Tool): Check {
  const judge = (end: CommandEnd): Verdict => {
    if (end.outcome === 'absent') return missing('is not on the PATH', get);
    if (!succeeded(end)) return missing(`does not run: ${firstWords(end)}`, get);
    const version = versionIn(end.stdout);
    if (version === undefined) return missing('does not tell its version', get);
    return isAtLeast(version, atLeast) ? fine(version) : missing(`is ${version}, and ${atLeast} is needed`, get);
  };
  return { about: name, needs: [], look: { command: { command: name, args, env: QUIET, timeoutMs: 60_000 }, judge } };
}

/** As `make images` looks for it. */
function builderCheck(shop: Workshop): Check {
  const judge = async (): Promise<Verdict> => {
    const found = await findBuilder(shop, undefined);
    return 'fault' in found
      ? missing(`none builds images here: ${found.fault}`, 'install buildah, or Docker with buildx and start its daemon')
      : fine(found.name);
  };
  return { about: 'docker, podman or buildah', needs: [], look: { judge } };
}
