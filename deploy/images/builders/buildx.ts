/** `docker buildx`, with the Docker daemon behind it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { mustRun, runCommand, succeeded } from '../../tools/command.ts';
import { BUILD_MS, CHECK_MS, pairs, type Builder, type BuildOrder } from './builder.ts';

const Metadata = z.object({ 'containerimage.digest': z.string(), 'containerimage.config.digest': z.string().optional() });

export const buildxBuilder: Builder = {
  name: 'buildx',
  check: async (shop) => {
    for (const args of [['version'], ['buildx', 'version']]) {
      const end = await runCommand(shop, 'docker', args, { timeoutMs: CHECK_MS });
      if (end.outcome === 'absent') return 'docker is not on the PATH';
      if (!succeeded(end)) return `docker ${args.join(' ')} fails: ${end.stderr.trim().split('\n').at(-1) ?? ''}`;
    }
    return undefined;
  },
  build: async (shop, order) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'lifeverse-image-'));
    const said = path.join(folder, 'metadata.json');
    const env = { SOURCE_DATE_EPOCH: String(order.epoch) };
    try {
      await mustRun(shop, 'docker', buildArgs(order, said), { timeoutMs: BUILD_MS, shown: true, env });
      const metadata = Metadata.parse(JSON.parse(await readFile(said, 'utf8')));
      return order.push
        ? metadata['containerimage.digest']
        : (metadata['containerimage.config.digest'] ?? metadata['containerimage.digest']);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  undo: (images) => `docker image rm ${images.join(' ')}`,
};

function buildArgs({ image, dockerfile, context, contexts, args, labels, platform, push }: BuildOrder, metadataFile: string): string[] {
  return [
    'buildx',
    'build',
    `--file=${dockerfile}`,
    `--tag=${image}`,
    `--metadata-file=${metadataFile}`,
    `--platform=${platform}`,
    // An attestation would say when and where it was built, and so make every digest another.
    '--provenance=false',
    '--progress=plain',
    `--output=${push ? 'type=image,push=true,rewrite-timestamp=true' : 'type=docker'}`,
    ...pairs('build-context', contexts),
    ...pairs('build-arg', args),
    ...pairs('label', labels),
    context,
  ];
}
