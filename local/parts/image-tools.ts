/** What builds, keeps and runs images where no registry can be reached; for tests. Linux, as root: they mount. */
import { debianPackage } from './debian-package.ts';
import { findOnPath } from '../../runtime/find-on-path.ts';
import type { Part } from './part.ts';

/** In the order in which they are needed: the builder, bases, a runtime, a registry. */
const TOOLS = [
  { command: 'buildah', package: 'buildah' },
  { command: 'mmdebstrap', package: 'mmdebstrap' },
  { command: 'runc', package: 'runc' },
  { command: 'docker-registry', package: 'docker-registry' },
] as const;

/** @param isDebianRoot whether a system package may be installed here. */
export function imageTools(isDebianRoot: boolean): Part[] {
  return TOOLS.map((tool): Part => {
    const howToGet = `${tool.package}, with the system packages of a Linux (Debian as root: it is installed by itself)`;
    return {
      title: tool.command,
      // Found on the PATH or installed there: never in the cache.
      cacheFile: `image-tools/${tool.command}`,
      find: (around) => Promise.resolve(findOnPath(tool.command, around.env)),
      recipes: isDebianRoot
        ? [debianPackage(tool.package, [tool.command], howToGet)]
        : [
            {
              what: '',
              expectedSeconds: 0,
              toolchains: [{ command: tool.command, howToGet }],
              make: () => Promise.reject(new Error(howToGet)),
            },
          ],
    };
  });
}
