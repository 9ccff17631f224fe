/** A suite in the middle of something, with a process of each kind that tests start; it says which in a file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { testStack } from '../../../local/testing.ts';

const LIVES_ON = 'setInterval(() => undefined, 1_000)';
/** Its own child is nobody's once it has ended. */
const LEAVES_A_CHILD = `const { spawn } = require('node:child_process');
const child = spawn(process.execPath, ['-e', ${JSON.stringify(LIVES_ON)}], { stdio: 'ignore' });
console.log(child.pid); child.unref();`;

describe('a suite that is ended', () => {
  it('is in the middle of something', async function () {
    this.timeout(60_000);
    const { keeper } = await testStack();
    const kept = await keeper.start({ name: 'kept', command: process.execPath, args: ['-e', LIVES_ON] });
    const spawned = spawn(process.execPath, ['-e', `${process.env['PLAYED_STUBBORN'] ?? ''};${LIVES_ON}; console.log('up')`], {
      stdio: 'pipe',
    });
    await once(spawned.stdout, 'data');
    const leaver = spawn(process.execPath, ['-e', LEAVES_A_CHILD], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [left] = (await once(leaver.stdout, 'data')) as [Buffer];
    const file = process.env['PLAYED_PIDS'] ?? '';
    writeFileSync(`${file}.new`, JSON.stringify([process.pid, kept.pid, spawned.pid, Number(left.toString('utf8'))]));
    renameSync(`${file}.new`, file);
    await once(spawned, 'never');
  });
});
