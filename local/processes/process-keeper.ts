/** Starts processes that must not outlive their keeper: each has a log file, a record on disk, and an orderly end. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { endProcess } from './end-process.ts';
import { signalGroup } from './process-group.ts';
import { identityOf } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { removeRunRecord, writeRunRecord } from './run-records.ts';

export interface ProcessSpec {
  /** Unique among the keeper's; names log and record. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** From SIGTERM to SIGKILL. */
  readonly graceMs?: number;
}

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface KeptProcess extends ProcessIdentity {
  readonly name: string;
  readonly logFile: string;
  /** Settles when the process has ended, whoever ended it; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** Set once it has ended. */
  readonly end: ProcessEnd | undefined;
  stop(): Promise<void>;
}

export interface ProcessKeeper {
  /** @throws when the command cannot be started at all. */
  start(spec: ProcessSpec): Promise<KeptProcess>;
}

export interface KeeperFolders {
  readonly logs: string;
  readonly run: string;
}

export function openProcessKeeper(folders: KeeperFolders): ProcessKeeper {
  mkdirSync(folders.logs, { recursive: true });
  mkdirSync(folders.run, { recursive: true });
  const owner = identityOf(process.pid);
  if (owner === undefined) throw new Error('The start time of this process cannot be read');
  return { start: (spec) => startKept(spec, folders, owner) };
}

async function startKept(spec: ProcessSpec, folders: KeeperFolders, owner: ProcessIdentity): Promise<KeptProcess> {
  const logFile = path.join(folders.logs, `${spec.name.replaceAll('/', '_')}.log`);
  const log = openSync(logFile, 'a');
  // Its own group: Ctrl-C in the terminal reaches the keeper only, which then stops all in order.
  const child = spawn(spec.command, spec.args, {
    detached: true,
    stdio: ['ignore', log, log],
    ...(spec.env === undefined ? {} : { env: spec.env }),
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
  });
  closeSync(log);
  const state: { end: ProcessEnd | undefined } = { end: undefined };
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => {
      state.end = { code, signal };
      // What it left behind in its group has no right to outlive it.
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      removeRunRecord(folders.run, spec.name);
      resolve(state.end);
    });
  });
  const { pid } = child;
  if (pid === undefined) {
    const cause = await new Promise((resolve) => child.once('error', resolve));
    throw new Error(`${spec.name} cannot be started: ${spec.command}`, { cause });
  }
  child.on('error', () => undefined);
  // A process that has already ended keeps a readable entry until Node reaps it, but as a zombie: then there is nothing to record.
  const startTime = identityOf(pid)?.startTime ?? '';
  if (startTime !== '') writeRunRecord(folders.run, { name: spec.name, pid, startTime, owner });

  let stopping: Promise<void> | undefined;
  return {
    name: spec.name,
    pid,
    startTime,
    logFile,
    ended,
    get end() {
      return state.end;
    },
    stop() {
      stopping ??= endProcess({ pid, startTime }, spec.graceMs ?? 10_000).then(async () => {
        await ended;
      });
      return stopping;
    },
  };
}
