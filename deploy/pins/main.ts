/** `make pins [ONLY=charts|images]`: what is newest of the charts and of the base images, into `deploy/pins.json`. */
import path from 'node:path';
import { z } from 'zod';
import { ConfigError, readConfig } from '../../runtime/config.ts';
import { baseEnv, basesIn } from '../images/base-images.ts';
import { resolveDigest } from '../images/registry/resolve-digest.ts';
import { makePins, PIN_KINDS } from './make-pins.ts';
import { PINS_FILE } from './pins.ts';

const TREE = path.join(import.meta.dirname, '../..');
const Env = z.object({ ONLY: z.enum(PIN_KINDS, `is one of ${PIN_KINDS.join(', ')}; both without it`).optional(), ...baseEnv });
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.once(name, () => interrupted.abort(new Error('interrupted: nothing was changed')));

try {
  const read = readConfig(Env, process.env);
  process.exitCode = await makePins({
    shop: { env: process.env, say: (line) => void process.stdout.write(`${line}\n`), signal: interrupted.signal },
    file: path.join(TREE, PINS_FILE),
    fileName: PINS_FILE,
    kinds: read.ONLY === undefined ? PIN_KINDS : [read.ONLY],
    bases: basesIn(read),
    resolveDigest,
  });
} catch (thrown) {
  if (!(thrown instanceof ConfigError) && !interrupted.signal.aborted) throw thrown;
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
}
