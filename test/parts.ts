/**
 * Mocha's root: compiled scripts are kept in the cache, which halves the start of this process and of each that a test starts
 * (`test/inherited-env.ts`); and what the tests have started of the real parts ends with the run, also when a signal ends it.
 */
import { enableCompileCache } from 'node:module';
import path from 'node:path';
import { cacheFolder } from '../local/parts/cache-folder.ts';

process.env['NODE_COMPILE_CACHE'] ??= path.join(cacheFolder(process.env), 'node-compile-cache');
enableCompileCache(process.env['NODE_COMPILE_CACHE']);
process.once('SIGINT', () => void endBy(130));
process.once('SIGTERM', () => void endBy(143));

export async function mochaGlobalTeardown(): Promise<void> {
  // Imported only now, for the cache to serve it as well.
  const { stopTestParts } = await import('../local/testing.ts');
  await stopTestParts();
}

/** A test is in the middle of something: it goes on failing until the process is gone, and is heard no more. */
async function endBy(code: number): Promise<void> {
  try {
    await mochaGlobalTeardown();
  } finally {
    process.exit(code);
  }
}
