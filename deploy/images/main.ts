/** `make images REGISTRY=… [PUSH=1] [TAG=…] [ONLY=…]`: the images of the services, the bridge and the game servers. */
import path from 'node:path';
import { ConfigError } from '../../runtime/config.ts';
import { PINS_FILE } from '../pins/pins.ts';
import { CommandFailure } from '../tools/command.ts';
import { makeImages, MissingForImages } from './make-images.ts';
import { readWish } from './wish.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort(new Error('interrupted')));

try {
  await makeImages(readWish(process.env), {
    shop: { env: process.env, say: (line) => void process.stdout.write(`${line}\n`), signal: interrupted.signal },
    root: ROOT,
    pinsFile: path.join(ROOT, PINS_FILE),
    recordFile: path.join(ROOT, '.deploy/images.json'),
  });
} catch (cause) {
  const isExpected = [ConfigError, MissingForImages, CommandFailure].some((kind) => cause instanceof kind) || interrupted.signal.aborted;
  if (!isExpected) throw cause;
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
}
