/** A control plane and a sidecar from outside; here the stand-in's own, started by hand as someone would start Agones'. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { SERVING_NAMES } from '../../local/agones/manifests.ts';
import { waitUntil } from '../../local/processes/wait-until.ts';
import { openPortBook, type PortBook } from '../../local/supervisor/port-book.ts';
import { NAMESPACE } from '../../local/supervisor/start-stack.ts';
import { testStack } from '../../local/testing.ts';
import { inheritedEnv } from '../inherited-env.ts';

const LOCAL = path.join(import.meta.dirname, '../../local');
const SERVICES = 'accounts,saves,allocator,matchmaker';

describe('the local stack with Agones from outside', function () {
  // A first run builds the parts.
  this.timeout(1_800_000);
  let state: string;
  let stack: ChildProcess;
  let ports: PortBook | undefined;

  before(async () => {
    state = path.join((await testStack()).folder, 'external-stack');
  });
  after(async () => {
    if (stack.exitCode === null) {
      stack.kill('SIGTERM');
      await once(stack, 'close');
    }
    ports?.close();
    rmSync(state, { recursive: true, force: true });
  });

  it('waits for it, then runs the fleets by it and with the sidecar that it was given', async () => {
    const { folder, authority, keeper } = await testStack();
    const ran = path.join(folder, 'sidecar-ran');
    const sidecar = path.join(folder, 'sdk-server');
    await writeFile(sidecar, sidecarScript(ran), { mode: 0o755 });
    const env = {
      ...process.env,
      LIFEVERSE_STATE_DIR: state,
      LIFEVERSE_WITHOUT: SERVICES,
      LOCAL_AGONES: 'external',
      AGONES_SDK_SERVER: sidecar,
    };
    stack = spawn(process.execPath, [path.join(LOCAL, 'main.ts'), 'run'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [stack.stdout, stack.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const saysWithin = (deadlineMs: number, what: string, holds: () => boolean) =>
      waitUntil(
        () => {
          assert.equal(stack.exitCode, null, said);
          return holds();
        },
        { what: `${what}: ${said}`, deadlineMs, signal: new AbortController().signal },
      );

    ports = await openPortBook(path.join(folder, 'external-ports.json'));
    const waiting = /^\S+: waiting for the Agones that you start beside it, KUBECONFIG=(.+)$/gm;
    await saysWithin(1_500_000, 'both clusters wait', () => [...said.matchAll(waiting)].length === 2);
    for (const [nth, match] of [...said.matchAll(waiting)].entries()) {
      const name = `external-agones-${nth}`;
      const { first, last } = await ports.range(name);
      const files = await authority.issue({ name, commonName: name, use: 'server', dnsNames: SERVING_NAMES });
      await keeper.start({
        name,
        command: process.execPath,
        args: [path.join(LOCAL, 'agones', 'main.ts')],
        env: {
          ...inheritedEnv(),
          KUBECONFIG: match[1] ?? '',
          AGONES_CERT_FILE: files.certFile,
          AGONES_KEY_FILE: files.keyFile,
          AGONES_CA_FILE: authority.caFile,
          AGONES_MIN_PORT: String(first),
          AGONES_MAX_PORT: String(last),
          AGONES_NAMESPACES: NAMESPACE,
        },
      });
    }
    // Without a backend the bridges hold no session, but a server becomes Ready by its sidecar all the same.
    await saysWithin(600_000, 'game servers are Ready', () => said.includes('game servers are Ready'));
    assert.match(readFileSync(ran, 'utf8'), /--graceful-termination=false --kubeconfig=/);
  });
});

/** Agones' own has a flag more than the stand-in's: it is the first. */
function sidecarScript(ran: string): string {
  const main = path.join(LOCAL, 'agones', 'sdk-server', 'main.ts');
  return `#!/bin/sh\necho "$@" >> '${ran}'\nshift\nexec '${process.execPath}' '${main}' "$@"\n`;
}
