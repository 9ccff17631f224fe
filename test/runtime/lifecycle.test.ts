import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createLifecycle } from '../../runtime/lifecycle.ts';
import { SILENT_LOG } from '../../runtime/log.ts';

describe('a lifecycle', () => {
  it('closes in reverse order, once, however often it is asked', async () => {
    const lifecycle = createLifecycle(SILENT_LOG);
    const closed: string[] = [];
    for (const name of ['first', 'second', 'third']) lifecycle.onClose(name, () => void closed.push(name));
    await Promise.all([lifecycle.close('a'), lifecycle.close('b')]);
    await lifecycle.close('c');
    assert.deepEqual(closed, ['third', 'second', 'first']);
    assert.equal(await lifecycle.done, 0);
  });

  it('closes the rest when one fails or hangs, and says so at the end', async () => {
    const lifecycle = createLifecycle(SILENT_LOG);
    const closed: string[] = [];
    lifecycle.onClose('last', () => void closed.push('last'));
    lifecycle.onClose('hangs', () => new Promise(() => {}), 20);
    lifecycle.onClose('rejects', () => Promise.reject(new Error('no')));
    lifecycle.onClose('throws', () => {
      throw new Error('no');
    });
    await assert.rejects(lifecycle.close('x'), (cause) => cause instanceof AggregateError && cause.errors.length === 3);
    assert.deepEqual(closed, ['last']);
    assert.equal(await lifecycle.done, 1);
  });

  it('closes what is opened while it ends', async () => {
    const lifecycle = createLifecycle(SILENT_LOG);
    const closed: string[] = [];
    lifecycle.onClose('outer', () => lifecycle.onClose('late', () => void closed.push('late')));
    await lifecycle.close('x');
    assert.deepEqual(closed, ['late']);
  });

  it('tells loops to end, and awaits them', async () => {
    const lifecycle = createLifecycle(SILENT_LOG);
    let ended = false;
    lifecycle.run('loop', async (signal) => {
      await once(signal, 'abort');
      await new Promise(setImmediate);
      ended = true;
    });
    await lifecycle.close('x');
    assert.ok(ended);
  });

  it('ends the process when a loop fails', async () => {
    const lifecycle = createLifecycle(SILENT_LOG);
    let closed = false;
    lifecycle.onClose('part', () => void (closed = true));
    lifecycle.run('loop', () => Promise.reject(new Error('broken')));
    assert.equal(await lifecycle.done, 1);
    assert.ok(closed);
  });
});

describe('a process with a lifecycle', function () {
  this.timeout(300_000);

  const run = (work: string) => {
    const runtime = path.join(import.meta.dirname, '..', '..', 'runtime');
    const script = `
      import { createLifecycle, untilSignal } from ${JSON.stringify(`${runtime}/lifecycle.ts`)};
      import { SILENT_LOG } from ${JSON.stringify(`${runtime}/log.ts`)};
      const lifecycle = createLifecycle(SILENT_LOG);
      ${work}
      setTimeout(() => console.log('ready'), 0);
      process.exitCode = await untilSignal(lifecycle, process);`;
    return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  };
  const ready = (child: ReturnType<typeof run>) => once(child.stdout ?? child, 'data');

  it('closes on SIGTERM and exits with 0', async () => {
    const child = run(`const work = setInterval(() => {}, 1_000);
      lifecycle.onClose('part', () => { clearInterval(work); console.log('closed'); });`);
    await ready(child);
    child.kill('SIGTERM');
    const [said] = await once(child.stdout ?? child, 'data');
    assert.match(String(said), /closed/);
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });

  it('goes on with its end on a second SIGTERM', async () => {
    const child = run(`const work = setInterval(() => {}, 1_000);
      lifecycle.onClose('slow', async () => { console.log('closing'); await new Promise((done) => process.once('SIGTERM', () => setTimeout(done, 100))); clearInterval(work); });`);
    await ready(child);
    child.kill('SIGTERM');
    await once(child.stdout ?? child, 'data');
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });

  it('exits at once on a second SIGINT', async () => {
    const child = run(`setInterval(() => {}, 1_000);
      lifecycle.onClose('hangs', () => { console.log('closing'); return new Promise(() => {}); }, 60_000);`);
    await ready(child);
    child.kill('SIGINT');
    await once(child.stdout ?? child, 'data');
    child.kill('SIGINT');
    assert.deepEqual(await once(child, 'exit'), [130, null]);
  });

  it('exits although something was left open', async () => {
    const child = run(`setInterval(() => {}, 1_000);`);
    await ready(child);
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });
});
