/** What `make images` is told: variables → a wish; every fault is listed at once. Pure. */
import { z } from 'zod';
import { readConfig } from '../../runtime/config.ts';
import { BASES, IMAGES, type BaseName, type Image } from './image-table.ts';

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
  NODE_IMAGE: z.string().default(BASES.NODE_IMAGE).describe('in place of the usual base, with Node 24 and npm'),
  CPP_IMAGE: z.string().default(BASES.CPP_IMAGE).describe('in place of the usual base, with g++, make and the headers of OpenSSL'),
  RUNTIME_IMAGE: z.string().default(BASES.RUNTIME_IMAGE).describe('in place of the usual base, with a C library, libstdc++ and OpenSSL'),
  SHELL_IMAGE: z.string().default(BASES.SHELL_IMAGE).describe('in place of the usual base, with a static /bin/busybox'),
});

export interface Wish {
  readonly registry: string;
  readonly push: boolean;
  readonly tag: string | undefined;
  readonly images: readonly Image[];
  readonly server: string | undefined;
  readonly builder: 'buildx' | 'podman' | 'buildah' | undefined;
  readonly platform: string;
  readonly source: string | undefined;
  readonly bases: Readonly<Record<BaseName, string>>;
}

/** @throws ConfigError with every fault. */
export function readWish(env: NodeJS.ProcessEnv): Wish {
  const read = readConfig(Env, env);
  const { NODE_IMAGE, CPP_IMAGE, RUNTIME_IMAGE, SHELL_IMAGE } = read;
  const wanted = ({ name, staged }: Image) =>
    read.ONLY === undefined ? staged === undefined || read.SERVER !== undefined : read.ONLY.includes(name);
  return {
    registry: read.REGISTRY,
    push: read.PUSH === '1',
    tag: read.TAG,
    images: IMAGES.filter(wanted),
    server: read.SERVER,
    builder: read.BUILDER,
    platform: read.PLATFORM,
    source: read.SOURCE,
    bases: { NODE_IMAGE, CPP_IMAGE, RUNTIME_IMAGE, SHELL_IMAGE },
  };
}
