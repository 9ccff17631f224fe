/** buildah and podman: the same code in two programs, neither of which needs a daemon. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mustRun, runCommand, succeeded } from '../../tools/command.ts';
import { isLoopback } from '../registry/image-reference.ts';
import { BUILD_MS, CHECK_MS, pairs, type Builder, type BuildOrder } from './builder.ts';

export function buildahBuilder(name: 'buildah' | 'podman'): Builder {
  return {
    name,
    check: async (shop) => {
      const end = await runCommand(shop, name, ['info'], { timeoutMs: CHECK_MS });
      if (succeeded(end)) return undefined;
      return end.outcome === 'absent' ? 'is not on the PATH' : `${name} info fails: ${end.stderr.trim().split('\n').at(-1) ?? ''}`;
    },
    build: async (shop, order) => {
      const folder = await mkdtemp(path.join(tmpdir(), 'lifeverse-image-'));
      const said = path.join(folder, 'said');
      try {
        await mustRun(shop, name, buildArgs(order, said), { timeoutMs: BUILD_MS, shown: true });
        if (order.push) await mustRun(shop, name, pushArgs(order, said), { timeoutMs: BUILD_MS, shown: true });
        return withAlgorithm((await readFile(said, 'utf8')).trim());
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    undo: (images) => `${name} rmi ${images.join(' ')}`,
  };
}

function buildArgs(order: BuildOrder, idFile: string): string[] {
  const { image, dockerfile, context, contexts, args, labels, platform, epoch } = order;
  return [
    'build',
    `--file=${dockerfile}`,
    `--tag=${image}`,
    `--iidfile=${idFile}`,
    `--platform=${platform}`,
    // The other format has no place for a health check.
    '--format=docker',
    '--layers',
    `--timestamp=${epoch}`,
    ...tlsOf(Object.values(args).join(' ')),
    ...pairs('build-context', contexts),
    ...pairs('build-arg', args),
    ...pairs('label', labels),
    context,
  ];
}

function pushArgs({ image }: BuildOrder, digestFile: string): string[] {
  return ['push', `--digestfile=${digestFile}`, ...tlsOf(image), image];
}

/** @param images those that it fetches or pushes, with blanks between. */
function tlsOf(images: string): string[] {
  return images.split(' ').some(isLoopback) ? ['--tls-verify=false'] : [];
}

function withAlgorithm(id: string): string {
  return id.startsWith('sha256:') ? id : `sha256:${id}`;
}
