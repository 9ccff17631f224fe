import assert from 'node:assert/strict';
import { CommandFailure, mustRun, runCommand, type Workshop } from '../../deploy/tools/command.ts';
import { findOnPath } from '../../runtime/find-on-path.ts';

const said: string[] = [];
const shop = (signal = new AbortController().signal): Workshop => ({ env: process.env, say: (line) => said.push(line), signal });
const sh = (script: string, options = {}) => runCommand(shop(), 'sh', ['-c', script], { timeoutMs: 60_000, ...options });

describe('deploy: other people’s commands', () => {
  it('keeps both streams and the exit code', async () => {
    assert.deepEqual(await sh('echo out; echo err >&2; exit 3'), { outcome: 'exited', code: 3, stdout: 'out\n', stderr: 'err\n' });
  });

  it('gives the input, and is content when the command does not read it', async () => {
    assert.equal((await sh('cat', { input: 'a\nb' })).stdout, 'a\nb');
    assert.equal((await sh('exit 0', { input: 'x'.repeat(1_000_000) })).code, 0);
  });

  it('says an absent command as absent', async () => {
    const end = await runCommand(shop(), 'no-such-command-here', [], { timeoutMs: 60_000 });
    assert.equal(end.outcome, 'absent');
    assert.equal(findOnPath('no-such-command-here', process.env), undefined);
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

  it('keeps the terminal’s Ctrl-C from one that has to give something back: it is in a process group of its own', async () => {
    const group = async (options = {}) => (await sh('cut -d" " -f5 /proc/$$/stat', options)).stdout;
    assert.equal(await group(), await group());
    assert.notEqual(await group({ orderlyMs: 1_000 }), await group());
  });

  it('gives one that has to give something back the time for it', async () => {
    const abort = new AbortController();
    const script = 'trap "sleep 0.3; echo given back; exit 0" TERM; echo begun; while :; do sleep 0.05; done';
    const lines: string[] = [];
    const shown: Workshop = {
      ...shop(abort.signal),
      say: (line) => {
        lines.push(line);
        if (line === '  begun') abort.abort(new Error('Ctrl-C'));
      },
    };
    await assert.rejects(runCommand(shown, 'sh', ['-c', script], { timeoutMs: 60_000, orderlyMs: 60_000, shown: true }), /Ctrl-C/);
    assert.deepEqual(lines, ['  begun', '  given back']);
  });

  it('shows lines as they come', async () => {
    said.length = 0;
    await sh('echo one; echo two', { shown: true });
    assert.deepEqual(said, ['  one', '  two']);
  });

  it('throws with the last lines where success is needed', async () => {
    await assert.rejects(mustRun(shop(), 'sh', ['-c', 'echo why >&2; exit 7'], { timeoutMs: 60_000 }), (cause) => {
      assert.ok(cause instanceof CommandFailure);
      assert.match(cause.message, /ended with 7; its last lines:\nwhy/);
      return true;
    });
  });
});
