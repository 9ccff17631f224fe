import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Runs a command to its end with its output in a file. @throws with the output's last lines when it does not succeed. */
export async function runCommand(wanted: Command, logFile: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const log = openSync(logFile, 'a');
  const child = spawn(wanted.command, wanted.args, {
    stdio: ['ignore', log, log],
    env: wanted.env,
    signal,
    ...(wanted.cwd === undefined ? {} : { cwd: wanted.cwd }),
  });
  closeSync(log);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code === 0) return;
  const tail = (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-15).join('\n');
  throw new Error(`${[wanted.command, ...wanted.args].join(' ')} ended with ${String(code)}; its last lines (all: ${logFile}):\n${tail}`);
}
