/** A lane's own process: runs each test file whose name comes in, and ends what they have started of the real parts when no more come. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import Mocha from 'mocha';
import { z } from 'zod';
import { mochaGlobalTeardown } from '../parts.ts';

const Options = z.object({ timeout: z.number(), 'forbid-only': z.boolean(), reporter: z.string() });
const { timeout, 'forbid-only': forbidOnly, reporter } = Options.parse(JSON.parse(readFileSync('.mocharc.json', 'utf8')));

for await (const file of createInterface({ input: process.stdin })) {
  const mocha = new Mocha({ timeout, forbidOnly, reporter, failZero: true });
  mocha.addFile(file);
  try {
    await mocha.loadFilesAsync();
    await new Promise<void>((resolve) => {
      mocha.run(() => resolve());
    });
  } catch (error) {
    process.stdout.write(`\n  1 failing\n\n  ${file} cannot be run: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.stdout.write('0 passed, 1 failed\n');
  }
}
await mochaGlobalTeardown();
// A test that failed may have left something open, which would keep the process, and the suite, for ever.
process.exit();
