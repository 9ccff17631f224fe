/** Everything that a process has started and that made no group of its own: told as one, also what its starter has left behind. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { statOnLinux } from './process-identity.ts';

/** A group that is gone already is told nothing. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // Nobody is left in it.
  }
}

/** A zombie, which waits for a parent to hear of its end, is nobody: where the first process of a machine reaps none, they stay. */
export function isGroupInhabited(leader: number): boolean {
  const states = process.platform === 'linux' ? statesOnLinux() : statesByPs();
  return states.some(({ group, state }) => group === leader && !state.startsWith('Z') && !state.startsWith('X'));
}

interface GroupState {
  readonly group: number;
  readonly state: string;
}

function statesOnLinux(): GroupState[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const [state = '', , group = ''] = statOnLinux(Number(pid)) ?? [];
      return state === '' ? [] : [{ group: Number(group), state }];
    });
}

function statesByPs(): GroupState[] {
  return execFileSync('ps', ['-A', '-o', 'pgid=,stat='], { encoding: 'utf8', timeout: 5_000 })
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .map(([group = '', state = '']) => ({ group: Number(group), state }));
}
