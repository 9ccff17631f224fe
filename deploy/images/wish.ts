/** What `make images` is told: variables → a wish; every fault is listed at once. Pure. */
import { z } from 'zod';
import { readConfig } from '../../runtime/config.ts';
import { baseEnv, basesIn, type BaseImages } from './base-images.ts';
import { IMAGES, type Image, type Staged } from './image-table.ts';

const NAMES = IMAGES.map(({ name }) => name);

const Env = z.object({
  REGISTRY: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d+)?(\/[a-z0-9]+([._/-]+[a-z0-9]+)*)?$/, 'is a registry with a path, without scheme or tag')
    .describe('registry and path that the images are named by, such as europe-docker.pkg.dev/my-project/lifeverse'),
  PUSH: z.enum(['0', '1']).default('0').describe('1: push them, too'),
  TAG: z
    .string()
    .regex(/^\w[\w.-]{0,127}$/, 'has 1 to 128 letters, digits, dots and dashes')
    .refine((tag) => tag !== 'latest', 'says nothing about what is in the image: give a version')
    .optional()
    .describe('tag of all; the short commit otherwise'),
  ONLY: z
    .string()
    .transform((text) => text.split(',').map((name) => name.trim()))
    .pipe(z.array(z.enum(NAMES, `has one that is not among ${NAMES.join(', ')}`)))
    .optional()
    .describe('names of the images, with commas between; all otherwise'),
  SERVER: z.string().optional().describe('the staged LinuxServer folder of an Unreal server: for unreal-server'),
  QUILKIN: z.string().optional().describe('the program, called quilkin, as `make quilkin` gives it: for quilkin'),
  BUILDER: z.enum(['buildx', 'podman', 'buildah']).optional().describe('what builds; the first that works otherwise'),
  PLATFORM: z
    .string()
    .regex(/^linux\/\w+$/, 'is one platform, such as linux/arm64')
    .default('linux/amd64')
    .describe('what the images run on'),
  SOURCE: z
    .url({ protocol: /^https$/ })
    .optional()
    .describe('where this tree is published, for the label; of the remote otherwise'),
  ...baseEnv,
});

export interface Wish {
  readonly registry: string;
  readonly push: boolean;
  readonly tag: string | undefined;
  readonly images: readonly Image[];
  /** What is made of something from outside the tree, and where that is. */
  readonly staged: Readonly<Record<Staged, string | undefined>>;
  readonly builder: 'buildx' | 'podman' | 'buildah' | undefined;
  readonly platform: string;
  readonly source: string | undefined;
  readonly bases: BaseImages;
}

/** @throws ConfigError with every fault. */
export function readWish(env: NodeJS.ProcessEnv): Wish {
  const read = readConfig(Env, env);
  const wanted = ({ name, staged }: Image) =>
    read.ONLY === undefined ? staged === undefined || read[staged] !== undefined : read.ONLY.includes(name);
  return {
    registry: read.REGISTRY,
    push: read.PUSH === '1',
    tag: read.TAG,
    images: IMAGES.filter(wanted),
    staged: { SERVER: read.SERVER, QUILKIN: read.QUILKIN },
    builder: read.BUILDER,
    platform: read.PLATFORM,
    source: read.SOURCE,
    bases: basesIn(read),
  };
}
