/**
 * Labels, annotations and list values between Agones' answer and its write. The sidecar answers first and writes half a second later; when
 * it dies in between, they are told again to the one that comes after it.
 */
import type { Log } from '../../runtime/log.ts';
import { keyValueMessage, type AgonesClient } from '../agones/agones-client.ts';
import type { GameServerWatch } from '../agones/game-server-watch.ts';
import { isShown, subjectOf, type QueuedChange } from '../agones/queued-change.ts';
import { BETA, SDK } from '../agones/sdk-calls.ts';
import { lineFault } from './watch-line-limit.ts';

export interface QueuedChanges {
  /** Why the changes may not be made; undefined where they may. */
  refusal(changes: readonly QueuedChange[]): string | undefined;
  /** Agones has taken them. */
  taken(changes: readonly QueuedChange[]): void;
}

/** One that was overtaken by somebody else's write is never seen, and given up after this. */
const GIVE_UP_MS = 60_000;

const PATHS = {
  label: SDK.setLabel,
  annotation: SDK.setAnnotation,
  'value-added': BETA.addListValue,
  'value-removed': BETA.removeListValue,
} as const;

export interface QueuedChangesParts {
  readonly watch: Pick<GameServerWatch, 'current' | 'listen' | 'onReturn'>;
  readonly client: Pick<AgonesClient, 'call'>;
  readonly log: Log;
  readonly now: () => number;
}

export function createQueuedChanges({ watch, client, log, now }: QueuedChangesParts): QueuedChanges {
  const queued = new Map<string, { readonly change: QueuedChange; readonly at: number }>();

  const settle = () => {
    const gameServer = watch.current();
    for (const [subject, { change, at }] of queued) {
      if ((gameServer !== undefined && isShown(gameServer, change)) || now() - at > GIVE_UP_MS) queued.delete(subject);
    }
  };

  const tellAgain = async () => {
    const lost = [...queued.values()];
    if (lost.length > 0) log.info('Agones is told again what its sidecar had not written', { changes: lost.length });
    for (const { change } of lost) {
      const message = keyValueMessage('name' in change ? change.name : change.list, change.value);
      try {
        await client.call(PATHS[change.kind], message);
      } catch (cause) {
        // A value that is there already, or gone already, is refused: then it was written after all.
        log.debug('a change was not taken again', { kind: change.kind, cause });
      }
    }
  };

  watch.listen(settle);
  watch.onReturn(() => void tellAgain());

  return {
    refusal: (changes) => {
      const gameServer = watch.current();
      if (gameServer === undefined) return undefined;
      return lineFault(
        gameServer,
        [...queued.values()].map(({ change }) => change),
        changes,
      );
    },
    taken: (changes) => {
      for (const change of changes) queued.set(subjectOf(change), { change, at: now() });
      settle();
    },
  };
}
