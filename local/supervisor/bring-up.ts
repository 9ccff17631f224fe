import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identityOf, isAlive } from '../processes/process-identity.ts';
import { livingSupervisor, SUPERVISOR_LOG } from './claim-supervision.ts';
import { readStackFile } from './stack-file.ts';
import type { StateFolder } from './state-folder.ts';

export interface UpOptions {
  readonly state: StateFolder;
  readonly say: (line: string) => void;
  readonly node: string;
  readonly main: string;
  readonly tree: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Starts the supervisor in the background, shows what it says until everything is up, and leaves it running. */
export async function bringUp({ state, say, node, main, tree, env }: UpOptions): Promise<number> {
  const other = livingSupervisor(state);
  if (other !== undefined) {
    say(`up already, under process ${other.pid}`);
    return 0;
  }
  mkdirSync(state.logs, { recursive: true });
  const logFile = path.join(state.logs, SUPERVISOR_LOG);
  const log = openSync(logFile, 'a');
  truncateSync(logFile);
  const child = spawn(node, [main, 'run'], { detached: true, stdio: ['ignore', log, log], env, cwd: tree });
  closeSync(log);
  const identity = identityOf(child.pid ?? 0);
  child.unref();
  let shown = 0;
  const show = (): void => {
    const text = readFileSync(logFile, 'utf8');
    const whole = text.slice(shown, text.lastIndexOf('\n') + 1);
    shown += whole.length;
    for (const line of whole.split('\n')) if (line !== '') say(line);
  };
  // Polled: the supervisor belongs to nobody, so that it outlives this command; it tells by files.
  while (identity !== undefined && isAlive(identity)) {
    show();
    if (readStackFile(state.stackFile)?.supervisor.pid === identity.pid) {
      await sleep(200);
      show();
      return 0;
    }
    await sleep(200);
  }
  show();
  return 1;
}
