/**
 * The document database, in this order: a mongod on the PATH; a mongod that was downloaded before; secantusd-rs that was built before;
 * a mongod to download, where its host answers; secantusd-rs to build. (`MONGO_URL` comes before all: `startMongo` looks at it.)
 * What is in the cache comes before what would be fetched, so that a second start needs no network.
 */
import path from 'node:path';
import { findOnPath, isExecutableFile } from '../../runtime/find-on-path.ts';
import type { Part, Recipe, Surroundings, Toolchain } from './part.ts';
import type { Command } from './run-command.ts';
import { runCommand } from './run-command.ts';

export const MONGOD_VERSION = '8.0.16';
export const SECANTUS_VERSION = '0.5.3-beta.193';

export interface DocumentDatabasePart extends Part {
  readonly kind: 'mongod' | 'secantusd-rs';
}

const CARGO: Toolchain = {
  command: 'cargo',
  howToGet: 'a mongod on the PATH, or MONGO_URL, or Rust with cargo (https://rustup.rs) to build secantusd-rs',
};
const CPP_COMPILER: Toolchain = {
  command: 'g++',
  howToGet: 'a C++ compiler: apt-get install build-essential, or xcode-select --install',
};
const CMAKE: Toolchain = {
  command: 'cmake',
  howToGet: 'CMake: apt-get install cmake, or brew install cmake',
};

const mongodPart: DocumentDatabasePart = {
  kind: 'mongod',
  title: `mongod ${MONGOD_VERSION}`,
  cacheFile: `mongodb-${MONGOD_VERSION}/mongod`,
  find: (around) => Promise.resolve(findOnPath('mongod', around.env)),
  recipes: [
    {
      what: 'download',
      expectedSeconds: 60,
      toolchains: [],
      async make(bench) {
        // Loaded only here: the stack needs neither it nor the network once the part is cached.
        const { MongoBinary } = await import('mongodb-memory-server-core');
        return MongoBinary.getPath({
          version: MONGOD_VERSION,
          downloadDir: bench.scratch,
          checkMD5: false,
        });
      },
    },
  ],
};

const secantusRecipe: Recipe = {
  what: 'cargo install',
  expectedSeconds: 400,
  toolchains: [CARGO, CPP_COMPILER, CMAKE],
  async make(bench) {
    await runCommand(secantusBuild(bench.scratch, bench), bench.logFile, bench.signal);
    return path.join(bench.scratch, 'bin', 'secantusd-rs');
  },
};

const secantusPart: DocumentDatabasePart = {
  kind: 'secantusd-rs',
  title: `secantusd-rs ${SECANTUS_VERSION}`,
  cacheFile: `secantusd-rs-${SECANTUS_VERSION}/secantusd-rs`,
  find: () => Promise.resolve(undefined),
  recipes: [secantusRecipe],
};

/** @param canDownload asks whether a mongod could be fetched; called only when nothing is at hand. */
export async function chooseDocumentDatabase(
  around: Surroundings,
  canDownload: (around: Surroundings) => Promise<boolean> = mongodHostAnswers,
): Promise<DocumentDatabasePart> {
  if ((await mongodPart.find(around)) !== undefined || isCached(mongodPart, around)) return mongodPart;
  if (isCached(secantusPart, around)) return secantusPart;
  if ((around.env['LOCAL_REGISTRIES_ONLY'] ?? '') !== '') return secantusPart;
  return (await canDownload(around)) ? mongodPart : secantusPart;
}

/** The build directory is left in the scratch folder, so nothing of it stays in the cache. */
export function secantusBuild(root: string, around: Pick<Surroundings, 'env'>): Command {
  return {
    command: 'cargo',
    args: ['install', '--locked', '--ignore-rust-version', 'secantus-mdb', '--version', SECANTUS_VERSION, '--root', root],
    env: { ...around.env, CARGO_TARGET_DIR: path.join(root, 'target') },
  };
}

function isCached(part: Part, around: Surroundings): boolean {
  return isExecutableFile(path.join(around.cache, part.cacheFile));
}

async function mongodHostAnswers(around: Surroundings): Promise<boolean> {
  try {
    const signal = AbortSignal.any([around.signal, AbortSignal.timeout(5_000)]);
    const answer = await fetch('https://fastdl.mongodb.org/', { method: 'HEAD', signal });
    return answer.status < 500;
  } catch {
    return false;
  }
}
