/** `make release` and `make rollback`. Usage: main.ts release|rollback, settings by the environment. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { ConfigError } from '../../runtime/config.ts';
import { readRelease, readRollback } from './release-request.ts';
import { runRelease, runRollback, type RunParts } from './run-release.ts';

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => ending.abort(new Error('Stopped. What was done stays; run the same again, and it goes on.')));

const parts: RunParts = {
  tree: path.join(import.meta.dirname, '..', '..'),
  env: process.env,
  say: (line) => void process.stdout.write(`${line}\n`),
  signal: ending.signal,
  holder: {
    person: (process.env['USER'] ?? 'somebody').replaceAll(/\s/g, '-'),
    host: hostname(),
    pid: process.pid,
    nonce: randomUUID().slice(0, 8),
  },
  isAlive: (pid) => {
    try {
      return process.kill(pid, 0);
    } catch (cause) {
      return cause instanceof Error && 'code' in cause && cause.code === 'EPERM';
    }
  },
  now: Date.now,
  confirm: async (question) => {
    if (!process.stdin.isTTY) throw new ConfigError(['YES: there is nobody to ask: say YES=1']);
    const asking = createInterface({ input: process.stdin, output: process.stdout });
    const answer = await asking.question(`${question} [y/N] `, { signal: ending.signal }).finally(() => asking.close());
    return /^y(es)?$/i.test(answer.trim());
  },
};

try {
  if (process.argv[2] === 'release') await runRelease(parts, readRelease(process.env));
  else if (process.argv[2] === 'rollback') await runRollback(parts, readRollback(process.env));
  else throw new ConfigError(['say release or rollback']);
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = cause instanceof ConfigError ? 2 : 1;
}
