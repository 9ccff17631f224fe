/** Images built from this commit and pushed to the environment's registry. Pure. */
import { tagOf, type Known } from '../known.ts';
import type { Outputs } from '../outputs.ts';
import { IMAGES_FILE } from '../paths.ts';
import type { Step } from './step.ts';

const MINUTE = 60_000;

export function imageSteps(known: Known, { registry }: Outputs): Step[] {
  const tag = tagOf(known);
  const host = registry.split('/')[0] ?? registry;
  const hasAll = !known.settings.quilkin || known.images?.images['quilkin'] !== undefined;
  const there = hasAll && known.images?.registry === registry && known.images.tag === tag && known.images.pushed;
  return [
    {
      id: 'registry-login',
      what: `Let docker and buildah log in to ${host} through gcloud`,
      why: 'no password is kept: gcloud gives a short-lived token for every push',
      action: { kind: 'run', commands: [{ command: 'gcloud', args: ['auth', 'configure-docker', host, '--quiet'], timeoutMs: MINUTE }] },
      done: { when: '~/.docker/config.json names it; doing it again changes nothing' },
      undo: `take ${host} out of credHelpers in ~/.docker/config.json`,
      lookAt: '~/.docker/config.json',
    },
    {
      id: 'images',
      what: `Build the images as ${tag}, and push them to ${registry}`,
      why: 'what runs in the clusters is built from this commit and named by digest',
      action: {
        kind: 'images',
        command: {
          command: 'node',
          args: ['deploy/images/main.ts'],
          // All of them, whatever else is set where this runs.
          env: { REGISTRY: registry, PUSH: '1', TAG: tag, ONLY: '', ...(known.settings.quilkin ? { QUILKIN: known.quilkin ?? '' } : {}) },
          timeoutMs: 60 * MINUTE,
          shown: true,
        },
      },
      done: {
        when: `${IMAGES_FILE} names this registry and tag as pushed, and the tree is as committed`,
        ...(there
          ? { asked: { command: { command: 'git', args: ['diff', '--quiet', 'HEAD'], timeoutMs: MINUTE }, yes: 'succeeds' as const } }
          : {}),
      },
      undo: 'none needed: the registry’s clean-up policy takes old images away',
      lookAt: `make images REGISTRY=${registry} TAG=${tag}, which builds without pushing`,
    },
  ];
}
