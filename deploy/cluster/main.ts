/** `make deploy-cluster`, `make destroy-cluster`. */
import { randomBytes } from 'node:crypto';
import { resolve4, resolveCname, resolveNs } from 'node:dns/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHttpSend } from '../../runtime/http-send.ts';
import { ConfigError } from '../../runtime/config.ts';
import { askAtTerminal } from './ask-at-terminal.ts';
import { deployCluster } from './deploy-cluster.ts';
import { destroyCluster } from './destroy-cluster.ts';
import type { Hands } from './doing/hands.ts';
import { LookFailure, StepFailure } from './doing/run-steps.ts';
import { readRequest } from './request.ts';
import { knock } from './smoke/knock.ts';

const TREE = path.join(import.meta.dirname, '..', '..');
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const interrupted = new AbortController();
const http = createHttpSend();
// Whoever read along has left (`| head`): then nobody decides any more.
process.stdout.on('error', () => interrupted.abort(new Error('nobody reads what is said here')));

// A terminal that is closed ends it in order as well: what Terraform holds would stay held.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    say(`\n${name}: ending what runs; Terraform is given up to ten minutes to give its lock back …`);
    interrupted.abort(new Error('interrupted: what is done stays done, and the same command goes on from there'));
  });
}

const hands: Hands = {
  shop: { env: process.env, say, signal: interrupted.signal },
  tree: TREE,
  now: Date.now,
  sleep: (ms) => sleep(ms, undefined, { signal: interrupted.signal }),
  randomBytes,
  nameServersOf: async (domain) => resolveNs(domain).catch(noneOrThrow),
  addressesOf: (host) => resolve4(host),
  aliasesOf: (name) => resolveCname(name.replace(/\.$/, '')),
  answersHttps: async (host) => {
    const exchange = {
      method: 'GET',
      url: `https://${host}/`,
      headers: {},
      body: undefined,
      timeoutMs: 15_000,
      signal: interrupted.signal,
    };
    const { status } = await http.send(exchange);
    // What the load balancer says while it has no backend that is well.
    if (status >= 500) throw new Error(`answers ${status}`);
  },
  send: http.send,
  knock,
  ask: process.stdin.isTTY
    ? (question) => askAtTerminal(question, { input: process.stdin, output: process.stdout, terminal: true }, interrupted)
    : undefined,
};

/** That a domain has no name servers is an answer. */
function noneOrThrow(cause: NodeJS.ErrnoException): string[] {
  if (cause.code === 'ENOTFOUND' || cause.code === 'ENODATA') return [];
  throw cause;
}

const COMMANDS: Readonly<Record<string, () => Promise<number>>> = {
  deploy: () => deployCluster(readRequest(process.env), hands),
  destroy: () => destroyCluster(readRequest(process.env), hands),
};

const command = COMMANDS[process.argv[2] ?? ''];
if (command === undefined) {
  process.stderr.write(`node deploy/cluster/main.ts ${Object.keys(COMMANDS).join(' | ')}\n`);
  process.exitCode = 64;
} else {
  try {
    process.exitCode = await command();
  } catch (thrown) {
    const error: unknown = interrupted.signal.aborted ? interrupted.signal.reason : thrown;
    const known = [StepFailure, LookFailure, ConfigError].some((kind) => error instanceof kind) || interrupted.signal.aborted;
    process.stderr.write(`${error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error)}\n`);
    process.exitCode = interrupted.signal.aborted ? 130 : 1;
  } finally {
    await http.close();
  }
}
