/** The stand-in as a process: it comes up, says what is missing, and ends when it is told to, whoever is connected. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { SERVING_NAMES } from '../../../local/agones/manifests.ts';
import { startCluster } from '../../../local/cluster/start-cluster.ts';
import type { KeptProcess } from '../../../local/processes/process-keeper.ts';
import { waitUntil } from '../../../local/processes/wait-until.ts';
import { testStack } from '../../../local/testing.ts';
import { inheritedEnv } from '../../inherited-env.ts';

const MAIN = path.join(import.meta.dirname, '..', '..', '..', 'local', 'agones', 'main.ts');
const PROCESS_MS = 120_000;

describe('the stand-in as a process', function () {
  this.timeout(PROCESS_MS);

  it('ends at SIGTERM while the API server is connected to it', async () => {
    const stack = await testStack();
    const name = 'agones-process';
    const cluster = await startCluster({ ...stack, name, folder: path.join(stack.folder, name) });
    try {
      const files = await stack.authority.issue({ name, commonName: name, use: 'server', dnsNames: SERVING_NAMES });
      const kept = await start(name, {
        KUBECONFIG: cluster.kubeconfig,
        AGONES_CERT_FILE: files.certFile,
        AGONES_KEY_FILE: files.keyFile,
        AGONES_CA_FILE: cluster.caFile,
      });
      await until('it serves', () => readFileSync(kept.logFile, 'utf8').includes('the stand-in serves'));
      process.kill(kept.pid, 'SIGTERM');
      // By itself: the API server stays, and lets go of a connection that is idle after a minute and a half.
      await until('it ends', () => kept.end !== undefined, 30_000);
      assert.equal(kept.end?.code, 0, readFileSync(kept.logFile, 'utf8').slice(-1_000));
    } finally {
      await cluster.stop();
    }
  });

  it('lists every missing setting and ends with 2', async () => {
    const kept = await start('agones-unset', {});
    const { code } = await kept.ended;
    assert.equal(code, 2);
    const log = readFileSync(kept.logFile, 'utf8');
    for (const setting of ['KUBECONFIG', 'AGONES_CERT_FILE', 'AGONES_KEY_FILE', 'AGONES_CA_FILE']) assert.match(log, new RegExp(setting));
  });
});

async function start(name: string, env: Readonly<Record<string, string>>): Promise<KeptProcess> {
  const { keeper } = await testStack();
  return await keeper.start({
    name: `${name}-stand-in`,
    command: process.execPath,
    args: [MAIN],
    env: { ...inheritedEnv(), ...env },
  });
}

const until = (what: string, isSo: () => boolean, deadlineMs = 60_000): Promise<unknown> =>
  waitUntil(isSo, { what, deadlineMs, everyMs: 50, signal: new AbortController().signal });
