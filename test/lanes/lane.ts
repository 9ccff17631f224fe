/**
 * One of the processes that run test files one after the other, on real parts of its own. It leads a process group, in which everything is
 * that a test has started without the keeper: so nothing of it outlives the lane.
 *
 *   in-lanes.ts ── a file's name, a line ──▶ lane-process.ts
 *               ◀── mocha's report, closed by `N passed, N failed` ──
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isGroupInhabited, signalGroup } from '../../local/processes/process-group.ts';

export interface FileRun {
  /** Mocha's report, without its last line. */
  readonly said: string;
  readonly passed: number;
  readonly failed: number;
}

export interface Lane {
  /** A process that ends meanwhile counts as one failure; the next file gets a new one. */
  run(file: string): Promise<FileRun>;
  /** There are no more files: what was started ends, then the process. @returns whether it ended well. */
  close(): Promise<boolean>;
  /** In the middle of a file. @returns when nobody of it is left. */
  end(graceMs: number): Promise<void>;
}

const ROOT = path.join(import.meta.dirname, '..', '..');
const LANE_PROCESS = path.join(import.meta.dirname, 'lane-process.ts');
/** The reporter's last line. */
const LAST_LINE = /^(\d+) passed, (\d+) failed\n/m;

export function openLane(): Lane {
  let child: ChildProcess | undefined;
  let said = '';
  let heard: () => void = () => undefined;
  const groups: number[] = [];

  const start = (): ChildProcess => {
    // Mocha's libraries heed these words; without one they colour a pipe wherever CI is set.
    const colours = process.stdout.isTTY ? '--color' : '--no-color';
    const started = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', LANE_PROCESS, colours], {
      cwd: ROOT,
      detached: true,
      // What it says aside is the progress of parts that it builds: to be seen at once.
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (started.pid !== undefined) groups.push(started.pid);
    started.stdout.setEncoding('utf8');
    started.stdout.on('data', (chunk: string) => {
      said += chunk;
      heard();
    });
    // It has ended, which its exit tells as well.
    started.stdin.on('error', () => undefined);
    // Whoever it leaves behind may hold its output open.
    started.once('exit', () => {
      if (started.pid !== undefined) signalGroup(started.pid, 'SIGKILL');
    });
    started.once('close', () => {
      if (child === started) child = undefined;
      heard();
    });
    return started;
  };

  return {
    run: async (file) => {
      said = '';
      child ??= start();
      child.stdin?.write(`${file}\n`);
      while (child !== undefined && !LAST_LINE.test(said)) {
        await new Promise<void>((resolve) => {
          heard = resolve;
        });
      }
      const [last, passed, failed] = LAST_LINE.exec(said) ?? [];
      if (last === undefined) return { said: `${said}\n  ${file}: the process of its lane has ended\n`, passed: 0, failed: 1 };
      return { said: said.replace(last, ''), passed: Number(passed), failed: Number(failed) };
    },
    close: async () => {
      const last = child;
      if (last === undefined) return true;
      last.stdin?.end();
      const code = await new Promise<number | null>((resolve) => last.once('close', resolve));
      return code === 0;
    },
    end: async (graceMs) => {
      const deadline = performance.now() + graceMs;
      for (const group of groups) signalGroup(group, 'SIGTERM');
      while (groups.some(isGroupInhabited)) {
        if (performance.now() > deadline) for (const group of groups) signalGroup(group, 'SIGKILL');
        // Polled: nobody is told of the end of a grandchild.
        await sleep(50);
      }
    },
  };
}
