/** `node sdk-bridge/image/main.ts FOLDER`: packs the bridge for its image, and says how it is started. */
import { resolve } from 'node:path';
import { BRIDGE_NODE_FLAGS } from './node-flags.ts';
import { packBridge } from './pack-bridge.ts';

const [into] = process.argv.slice(2);
if (into === undefined) {
  process.stderr.write('Usage: node sdk-bridge/image/main.ts FOLDER\n');
  process.exitCode = 2;
} else {
  const script = packBridge(resolve(import.meta.dirname, '../..'), resolve(into));
  process.stdout.write(`node ${BRIDGE_NODE_FLAGS.join(' ')} ${script}\n`);
}
