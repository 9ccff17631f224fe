import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { reservePort } from '../../local/processes/reserve-port.ts';

const RESERVE = path.join(import.meta.dirname, '..', '..', 'local', 'processes', 'reserve-port.ts');

describe('A port that was drawn', () => {
  it("is its drawer's while that process lives, and anybody's afterwards", async () => {
    // No real port, so that nobody who draws one is in its way.
    const port = 100_000 + Math.floor(Math.random() * 1_000_000);
    const script = `import { reservePort } from ${JSON.stringify(RESERVE)};
      setInterval(() => {}, 1_000);
      console.log(reservePort(${port}));`;
    const drawer = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [said] = (await once(drawer.stdout, 'data')) as [Buffer];
      assert.equal(said.toString().trim(), 'true');
      assert.equal(reservePort(port), false);
    } finally {
      drawer.kill('SIGKILL');
    }
    await once(drawer, 'exit');
    assert.equal(reservePort(port), true);
    assert.equal(reservePort(port), false, 'not twice by one process');
  });
});
