/**
 * Is the process of the game server still there? Its own word (the pid in its hello) and the system's answer.
 *
 * Seen are processes of this machine (local stack, editor), and in a pod those of all its containers where it has
 * `shareProcessNamespace: true`. Elsewhere the pid names nobody, or the bridge itself, and the process is not seen.
 */
import { textOfFile } from '../store/text-of-file.ts';

/** A process that is seen. `startedAt` keeps it apart from a later one with the same pid, where the system tells it. */
export interface SeenProcess {
  readonly pid: number;
  readonly startedAt: string;
}

/** Undefined where no such process is seen from here. */
export async function seeProcess(pid: number): Promise<SeenProcess | undefined> {
  if (pid === process.pid || !answersToSignals(pid)) return undefined;
  const status = await procText(pid, 'status');
  // Without /proc nothing more can be known.
  if (status === undefined) return { pid, startedAt: '' };
  // Threads of this process answer to signals, too: in a namespace of its own the game's pid may be one of ours.
  if (/^Tgid:\s*(\d+)$/m.exec(status)?.[1] !== String(pid)) return undefined;
  return { pid, startedAt: startOf(await procText(pid, 'stat')) ?? '' };
}

export async function isThere({ pid, startedAt }: SeenProcess): Promise<boolean> {
  if (!answersToSignals(pid)) return false;
  if (startedAt === '') return true;
  return startOf(await procText(pid, 'stat')) === startedAt;
}

/** Signal 0 is only a question; it works on Windows, too. */
function answersToSignals(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (cause) {
    // It is another user's.
    return cause instanceof Error && 'code' in cause && cause.code === 'EPERM';
  }
}

/** proc(5): field 22 of `stat`, ticks since the machine started. Undefined where it is gone, or is a zombie that waits for its parent. */
function startOf(stat: string | undefined): string | undefined {
  // The second field is a name in brackets, which may hold anything.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields?.[0] === 'Z' || fields?.[0] === 'X' ? undefined : fields?.[19];
}

function procText(pid: number, name: string): Promise<string | undefined> {
  return textOfFile(`/proc/${pid}/${name}`);
}
