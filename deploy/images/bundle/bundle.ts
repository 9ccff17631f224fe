/**
 * A program as its image has it: plain JavaScript with its packages in it, since the compiler that Node strips types with takes 30 MB, and
 * thousands of small files take time to open.
 *
 *   INTO/main.mjs                 the program; where it is small, with what it loads on demand beside it
 *   INTO/node_modules/PACKAGE     packages that are read as files
 */
import { build, type Metafile } from 'esbuild';
import { cp, rm } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { DONE_WITHOUT, PROGRAMS, type ProgramName } from './programs.ts';

export interface Bundled {
  /** What to start. */
  readonly script: string;
  /** Folders of the packages that are in it, relative to the tree (`node_modules/express`), sorted. */
  readonly packages: readonly string[];
}

/** What packages made for CommonJS expect to be there. */
const AS_COMMONJS = [
  `import { createRequire as createRequireOfBundle } from 'node:module';`,
  `import { dirname as dirnameOfBundle } from 'node:path';`,
  `import { fileURLToPath as pathOfBundle } from 'node:url';`,
  `const require = createRequireOfBundle(import.meta.url);`,
  `const __filename = pathOfBundle(import.meta.url);`,
  `const __dirname = dirnameOfBundle(__filename);`,
].join('\n');

/** For people who look into a browser's code, not for a browser. */
const UNSERVED = /\.map$|es-bundle|\.d\.ts$/;

/**
 * @param into is emptied first.
 * @param outside packages that are loaded from a `node_modules` above it, where somebody wants to reach into them.
 * @throws for a package that cannot be found and is not known to be done without.
 */
export async function bundle(root: string, name: ProgramName, into: string, outside: readonly string[] = []): Promise<Bundled> {
  const { entry, small, assets } = PROGRAMS[name];
  await rm(into, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: entry },
    outdir: into,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    splitting: small,
    minify: small,
    keepNames: !small,
    // Stack traces of what is small are read with these; they are not loaded.
    sourcemap: small ? 'external' : false,
    sourcesContent: false,
    banner: { js: AS_COMMONJS },
    external: [...assets, ...outside],
    // Their texts are kept whole, in a file of their own.
    legalComments: 'none',
    // A package that looks for others by eval is served by AS_COMMONJS.
    logOverride: { 'direct-eval': 'silent' },
    metafile: true,
    logLevel: 'silent',
  });
  const known = [...assets, ...outside, ...DONE_WITHOUT];
  const missing = outsideOf(metafile).filter((wanted) => !known.includes(wanted));
  if (missing.length > 0) throw new Error(`${entry} needs ${missing.join(', ')}, which cannot be found`);
  for (const asset of assets) {
    const from = path.join(root, 'node_modules', asset);
    await cp(from, path.join(into, 'node_modules', asset), {
      recursive: true,
      filter: (file) => !UNSERVED.test(path.relative(from, file)),
    });
  }
  const packages = new Set([...packagesIn(metafile), ...assets.map((asset) => `node_modules/${asset}`)]);
  return { script: path.join(into, 'main.mjs'), packages: [...packages].toSorted() };
}

function outsideOf({ outputs }: Metafile): string[] {
  const names = Object.values(outputs).flatMap(({ imports }) =>
    imports.filter(({ external }) => external === true).map((each) => each.path),
  );
  return [...new Set(names)].filter((name) => !isBuiltin(name)).toSorted();
}

/** Of what is really in the output: a package that was looked at and left out is not delivered. */
export function packagesIn({ outputs }: Pick<Metafile, 'outputs'>): string[] {
  const files = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs));
  const folders = files.map(([file, { bytesInOutput }]) =>
    bytesInOutput > 0 ? /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0] : undefined,
  );
  return [...new Set(folders.filter((folder) => folder !== undefined))];
}
