import assert from 'node:assert/strict';
import { CommandFailure, findCommand, mustRun, runCommand, type Workshop } from '../../deploy/tools/command.ts';

const said: string[] = [];
const shop = (signal = new AbortController().signal): Workshop => ({ env: process.env, say: (line) => said.push(line), signal });
const sh = (script: string, options = {}) => runCommand(shop(), 'sh', ['-c', script], { timeoutMs: 10_000, ...options });

describe('deploy: other people’s commands', () => {
  it('keeps both streams and the exit code', async () => {
    assert.deepEqual(await sh('echo out; echo err >&2; exit 3'), { outcome: 'exited', code: 3, stdout: 'out\n', stderr: 'err\n' });
  });

  it('gives the input, and is content when the command does not read it', async () => {
    assert.equal((await sh('cat', { input: 'a\nb' })).stdout, 'a\nb');
    assert.equal((await sh('exit 0', { input: 'x'.repeat(1_000_000) })).code, 0);
  });

  it('says an absent command as absent', async () => {
    const end = await runCommand(shop(), 'no-such-command-here', [], { timeoutMs: 1_000 });
    assert.equal(end.outcome, 'absent');
    assert.equal(findCommand('no-such-command-here', process.env), undefined);
  });

  it('ends one that takes too long', async () => {
    const end = await runCommand(shop(), 'sleep', ['30'], { timeoutMs: 100 });
    assert.equal(end.outcome, 'timed-out');
  });

  it('ends it when the person does, and says so', async () => {
    const abort = new AbortController();
    const running = runCommand(shop(abort.signal), 'sleep', ['30'], { timeoutMs: 60_000 });
    setTimeout(() => abort.abort(new Error('Ctrl-C')), 50);
    await assert.rejects(running, /Ctrl-C/);
  });

  it('shows lines as they come', async () => {
    said.length = 0;
    await sh('echo one; echo two', { shown: true });
    assert.deepEqual(said, ['  one', '  two']);
  });

  it('throws with the last lines where success is needed', async () => {
    await assert.rejects(mustRun(shop(), 'sh', ['-c', 'echo why >&2; exit 7'], { timeoutMs: 5_000 }), (cause) => {
      assert.ok(cause instanceof CommandFailure);
      assert.match(cause.message, /ended with 7; its last lines:\nwhy/);
      return true;
    });
  });
});
