/** What a recorded scene says of each game server and each set: the states in their order, whatever their names. */
import { recordedCases } from './recorded-case.ts';

export interface Lives {
  /** One line per game server: its states, and how it went. */
  readonly gameServers: readonly string[];
  /** One line per set: the numbers that it was told to have. */
  readonly sets: readonly string[];
}

interface Seen {
  readonly kind: 'gs' | 'gss';
  readonly name: string;
  readonly event: string;
  readonly step: string;
}

/** Takes in one event after another; repeats of the same step are one. */
export class LivesRecorder {
  readonly #lives = new Map<string, string[]>();

  see({ kind, name, event, step }: Seen): void {
    const key = `${kind} ${name}`;
    const steps = this.#lives.get(key) ?? [];
    this.#lives.set(key, steps);
    const next = event === 'DELETED' ? 'gone' : step;
    if (steps.at(-1) !== next) steps.push(next);
  }

  lives(): Lives {
    const of = (kind: string): string[] =>
      [...this.#lives]
        .filter(([key]) => key.startsWith(`${kind} `))
        .map(([, steps]) => steps.join(' → '))
        .toSorted();
    return { gameServers: of('gs'), sets: of('gss') };
  }
}

export const gameServerStep = (state: string, isDeleting: boolean): string => (isDeleting ? `${state} (deleting)` : state);

export function recordedLives(id: string): { readonly name: string; readonly lives: Lives } {
  const scene = recordedCases('lifecycle.json').find((recorded) => recorded['id'] === id);
  if (scene === undefined || !Array.isArray(scene['timeline'])) throw new Error(`nothing was recorded as ${id}`);
  const recorder = new LivesRecorder();
  for (const entry of scene['timeline'] as readonly Readonly<Record<string, unknown>>[]) {
    const { event, kind, name, state, deleting, spec, same } = entry;
    if (same === true || typeof name !== 'string') continue;
    if (kind === 'gs') recorder.see({ kind, name, event: String(event), step: gameServerStep(String(state), deleting === true) });
    if (kind === 'gss') recorder.see({ kind, name, event: String(event), step: typeof spec === 'number' ? String(spec) : '0' });
  }
  return { name: scene.name, lives: recorder.lives() };
}
