/**
 * Mocha's root: compiled scripts are kept in the cache, which halves the start of this process and of each that a test starts
 * (`test/inherited-env.ts`); and what the tests have started of the real parts ends with the run.
 */
import { enableCompileCache } from 'node:module';
import path from 'node:path';
import { cacheFolder } from '../local/parts/cache-folder.ts';

process.env['NODE_COMPILE_CACHE'] ??= path.join(cacheFolder(process.env), 'node-compile-cache');
enableCompileCache(process.env['NODE_COMPILE_CACHE']);

export async function mochaGlobalTeardown(): Promise<void> {
  // Imported only now, for the cache to serve it as well.
  const { stopTestParts } = await import('../local/testing.ts');
  await stopTestParts();
}
