/** Other people's commands (gcloud, terraform, helm, kubectl, buildah): found on the PATH, run with a deadline, their words kept. */
import { spawn } from 'node:child_process';
import { findOnPath } from '../../runtime/find-on-path.ts';

/** Where commands run. */
export interface Workshop {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** One line for the person who waits. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface CommandOptions {
  readonly cwd?: string;
  /** Beside the workshop's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Its standard input; none otherwise. */
  readonly input?: string;
  /** It is ended after this, in milliseconds. */
  readonly timeoutMs: number;
  /** Its lines are said as they come, each behind two spaces: for what takes long. */
  readonly shown?: boolean;
  /**
   * It holds something that it has to give back, as Terraform holds a lock: a Ctrl-C at the terminal does not reach it, since a second
   * signal would make it leave at once; it gets one SIGTERM from here, and has so long for it, in milliseconds.
   */
  readonly orderlyMs?: number;
}

/** How a command ended: with its own exit code, or never started, or ended by us or a signal. */
export interface CommandEnd {
  readonly outcome: 'exited' | 'absent' | 'timed-out' | 'killed';
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that had to succeed and did not. */
export class CommandFailure extends Error {
  readonly end: CommandEnd;

  constructor(line: string, end: CommandEnd) {
    super(`${line} ${HOW[end.outcome](end)}${lastLines(end)}`);
    this.name = 'CommandFailure';
    this.end = end;
  }
}

const HOW: Readonly<Record<CommandEnd['outcome'], (end: CommandEnd) => string>> = {
  exited: ({ code }) => `ended with ${String(code)}`,
  absent: () => 'is not on the PATH',
  'timed-out': () => 'did not end in time and was stopped',
  killed: () => 'was ended from outside',
};
const LAST_LINES = 15;
/** After SIGTERM it may put things in order for so long. */
const GRACE_MS = 20_000;

/** Runs it to its end, whatever that is. @throws only what the workshop's signal says. */
export async function runCommand(shop: Workshop, command: string, args: readonly string[], options: CommandOptions): Promise<CommandEnd> {
  shop.signal.throwIfAborted();
  const file = findOnPath(command, shop.env);
  if (file === undefined) return { outcome: 'absent', code: null, stdout: '', stderr: '' };
  const child = spawn(file, args, {
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env: { ...shop.env, ...options.env },
    detached: options.orderlyMs !== undefined,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  // It may end without having read its input: how it ended is what counts.
  child.stdin?.on('error', () => {}).end(options.input);
  const collect = (stream: NodeJS.ReadableStream | null) => collectLines(stream, options.shown === true ? shop.say : () => {});
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  let isLate = false;
  const stop = () => {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), options.orderlyMs ?? GRACE_MS).unref();
  };
  const late = setTimeout(() => {
    isLate = true;
    stop();
  }, options.timeoutMs);
  shop.signal.addEventListener('abort', stop, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
    shop.signal.throwIfAborted();
    const outcome = isLate ? 'timed-out' : code === null ? 'killed' : 'exited';
    return { outcome, code, stdout: stdout(), stderr: stderr() };
  } finally {
    clearTimeout(late);
    shop.signal.removeEventListener('abort', stop);
  }
}

export function succeeded({ outcome, code }: CommandEnd): boolean {
  return outcome === 'exited' && code === 0;
}

/** Runs it and gives its standard output. @throws CommandFailure with its last lines when it does not succeed. */
export async function mustRun(shop: Workshop, command: string, args: readonly string[], options: CommandOptions): Promise<string> {
  const end = await runCommand(shop, command, args, options);
  if (!succeeded(end)) throw new CommandFailure([command, ...args].join(' '), end);
  return end.stdout;
}

/** @returns what was said so far. */
function collectLines(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void): () => string {
  let text = '';
  let told = 0;
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk: string) => {
    text += chunk;
    const whole = text.lastIndexOf('\n') + 1;
    for (const line of text.slice(told, whole).split('\n').slice(0, -1)) onLine(`  ${line}`);
    told = Math.max(told, whole);
  });
  return () => text;
}

function lastLines({ stdout, stderr }: CommandEnd): string {
  const said = (stderr.trim() === '' ? stdout : stderr).trimEnd();
  return said === '' ? '' : `; its last lines:\n${said.split('\n').slice(-LAST_LINES).join('\n')}`;
}
