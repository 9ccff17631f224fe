import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { askAtTerminal } from '../../../deploy/cluster/ask-at-terminal.ts';

describe('deploy: a question at a terminal', () => {
  const asked = (keys: string) => {
    const input = new PassThrough();
    const interrupted = new AbortController();
    const answer = askAtTerminal('Do it? ', { input, output: new PassThrough(), terminal: true }, interrupted);
    input.write(keys);
    return { answer, interrupted };
  };

  it('gives what is typed', async () => {
    assert.equal(await asked('yes\r').answer, 'yes');
  });

  it('is interrupted by Ctrl-C, as all of the command is', async () => {
    const { answer, interrupted } = asked('ye\x03');
    await assert.rejects(answer, /^Error: interrupted: nothing was changed$/);
    assert.ok(interrupted.signal.aborted);
  });

  it('takes Ctrl-D for no answer', async () => {
    assert.equal(await asked('\x04').answer, '');
  });
});
