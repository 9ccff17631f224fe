/**
 * Where the images are really built: buildah over a store in the user's cache folder, bases made on this machine and taken by digest from a
 * real registry, which also takes what is pushed.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { ImageRecord } from '../../../deploy/images/image-record.ts';
import { makeImages } from '../../../deploy/images/make-images.ts';
import { readWish } from '../../../deploy/images/wish.ts';
import { startRegistry } from '../../../local/images/start-registry.ts';
import { baseImagesPart, LOCAL_BASES, registryOf } from '../../../local/parts/base-images-part.ts';
import { withBuildLock } from '../../../local/parts/build-lock.ts';
import { isDebianRoot } from '../../../local/parts/debian-package.ts';
import { imageTools } from '../../../local/parts/image-tools.ts';
import { obtainParts } from '../../../local/parts/obtain-parts.ts';
import { testStack } from '../../../local/testing.ts';
import { ROOT } from '../../tooling/import-graph.ts';

const run = promisify(execFile);
/** Another run's whole time in the store, with everything to be made. */
const LONGEST_TURN_MS = 900_000;
/** Beyond this the store is forgotten and made anew: a minute now and then, in place of a disk that fills up. */
const MOST_STORE_KB = 6_000_000;

const Inspected = z.object({
  FromImageID: z.string(),
  Docker: z.object({
    config: z.object({
      User: z.string(),
      Entrypoint: z.array(z.string()),
      Env: z.array(z.string()).nullish(),
      Labels: z.record(z.string(), z.string()),
      Healthcheck: z.object({ Test: z.array(z.string()) }).optional(),
    }),
  }),
});
export type ImageConfig = z.infer<typeof Inspected>['Docker']['config'];

export interface ImageBed {
  /** With the path that the images are below. */
  readonly registry: string;
  /** What `make images` is told beside the bases. @returns what it wrote down. */
  make(variables: Readonly<Record<string, string>>): Promise<ImageRecord>;
  configOf(image: string): Promise<ImageConfig>;
  /** The image's files, in a place of the image's own. */
  mount(image: string): Promise<string>;
  close(): Promise<void>;
}

export async function openImageBed(): Promise<ImageBed> {
  const { around, folder: runFolder } = await testStack();
  if (process.getuid?.() !== 0) throw new Error('The images are built and started by root on Linux, which mounts file systems');
  await obtainParts(imageTools(isDebianRoot()), around);
  const [mark = ''] = await obtainParts([baseImagesPart], around);
  const folder = await mkdtemp(path.join(runFolder, 'images-'));
  const store = path.join(around.cache, 'image-store');
  const release = await takeTurn(`${store}.lock`, around);
  const env = { ...process.env, CONTAINERS_STORAGE_CONF: path.join(folder, 'storage.conf'), BUILDAH_ISOLATION: 'chroot' };
  await writeFile(env.CONTAINERS_STORAGE_CONF, `[storage]\ngraphroot = "${store}"\nrunroot = "${path.join(folder, 'run')}"\n`);
  const buildah = async (...args: string[]) => (await run('buildah', args, { env, maxBuffer: 16 * 1024 * 1024 })).stdout;
  await keepSmall(store);

  const registry = await startRegistry({ folder: registryOf(mark), scratch: folder, env });
  const base = (name: string) => `${registry.host}/${name}`;
  const bases = {
    NODE_IMAGE: base(LOCAL_BASES.build),
    CPP_IMAGE: base(LOCAL_BASES.build),
    RUNTIME_IMAGE: base(LOCAL_BASES.runtime),
    SHELL_IMAGE: base(LOCAL_BASES.shell),
  };
  const PLATFORM = `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const lines: string[] = [];
  return {
    registry: `${registry.host}/lifeverse`,
    make: async (variables) => {
      const recordFile = path.join(folder, 'images.json');
      const wish = readWish({ REGISTRY: `${registry.host}/lifeverse`, BUILDER: 'buildah', PLATFORM, ...bases, ...variables });
      const shop = { env, say: (line: string) => void lines.push(line), signal: around.signal };
      await makeImages(wish, { shop, root: ROOT, pinsFile: path.join(folder, 'pins.json'), recordFile });
      return ImageRecord.parse(JSON.parse(await readFile(recordFile, 'utf8')));
    },
    configOf: async (image) => Inspected.parse(JSON.parse(await buildah('inspect', '--type=image', image))).Docker.config,
    mount: async (image) => (await buildah('mount', (await buildah('from', '--pull-never', image)).trim())).trim(),
    close: async () => {
      await writeFile(path.join(folder, 'said'), lines.join('\n'));
      await buildah('umount', '--all').catch(() => undefined);
      await buildah('rm', '--all').catch(() => undefined);
      await registry.stop();
      await release();
    },
  };
}

/** The store is one for all clones on the machine; one run at a time works in it. */
async function takeTurn(lockFile: string, around: { readonly signal: AbortSignal; readonly say: (line: string) => void }) {
  const [begun, over] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  const onWait = (pid: number) => around.say(`images: process ${pid} builds some, waiting for that`);
  const turn = withBuildLock(lockFile, { deadlineMs: LONGEST_TURN_MS, signal: around.signal, onWait }, () => {
    begun.resolve(undefined);
    return over.promise;
  });
  await Promise.race([begun.promise, turn]);
  return async () => {
    over.resolve(undefined);
    await turn;
  };
}

async function keepSmall(store: string): Promise<void> {
  await mkdir(store, { recursive: true });
  const { stdout } = await run('du', ['-sk', store]);
  if (Number(stdout.split('\t')[0]) > MOST_STORE_KB) await rm(store, { recursive: true, force: true });
}
