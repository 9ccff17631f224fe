/** Images built from this commit and pushed to the environment's registry. Pure. */
import { DEPLOYED_IMAGES } from '../built-images.ts';
import { projectOf, tagOf, type Known } from '../known.ts';
import type { Outputs } from '../outputs.ts';
import type { Step } from './step.ts';

const MINUTE = 60_000;

export function imageSteps(known: Known, { registry }: Outputs): Step[] {
  const tag = tagOf(known);
  const host = registry.split('/')[0] ?? registry;
  const { quilkin } = known.settings;
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
        registry,
        tag,
        names: quilkin ? [...DEPLOYED_IMAGES, 'quilkin'] : DEPLOYED_IMAGES,
        commands: [
          {
            command: 'gcloud',
            args: [
              'artifacts',
              'docker',
              'images',
              'list',
              registry,
              '--include-tags',
              `--filter=tags:${tag}`,
              '--format=json',
              `--project=${projectOf(known)}`,
            ],
            timeoutMs: 2 * MINUTE,
          },
          {
            command: 'node',
            args: ['deploy/images/main.ts'],
            // Those that the registry lacks, whatever else is set where this runs.
            env: { REGISTRY: registry, PUSH: '1', TAG: tag, ONLY: '', ...(quilkin ? { QUILKIN: known.quilkin ?? '' } : {}) },
            timeoutMs: 60 * MINUTE,
            shown: true,
          },
        ],
      },
      done: { when: `the registry has each as ${tag}; only those that it lacks are built` },
      undo: 'none needed: the registry’s clean-up policy takes old images away',
      lookAt: `make images REGISTRY=${registry} TAG=${tag}, which builds without pushing`,
    },
  ];
}
