/** Mocha's root hooks: what the tests have started of the real parts ends with the run. */
import { stopTestParts } from '../local/testing.ts';

export async function mochaGlobalTeardown(): Promise<void> {
  await stopTestParts();
}
