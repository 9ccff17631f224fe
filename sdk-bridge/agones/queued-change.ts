/** A change of the game server that Agones' sidecar has taken and not written yet. Pure. */
import type { GameServer } from './game-server.ts';

export type QueuedChange =
  | { readonly kind: 'label' | 'annotation'; readonly name: string; readonly value: string }
  | { readonly kind: 'value-added' | 'value-removed'; readonly list: string; readonly value: string };

/** What Agones puts before the name of every label and annotation that a game sets. */
const PREFIX = 'agones.dev/sdk-';

/** A later change with the same subject takes the place of this one. */
export function subjectOf(change: QueuedChange): string {
  return 'name' in change ? `${change.kind} ${change.name}` : `value ${change.list} ${change.value}`;
}

/** The game server as it will be. A list that it does not have stays away. */
export function withChange(gameServer: GameServer, change: QueuedChange): GameServer {
  const { objectMeta, status } = gameServer;
  switch (change.kind) {
    case 'label':
      return { ...gameServer, objectMeta: { ...objectMeta, labelsMap: withEntry(objectMeta.labelsMap, change) } };
    case 'annotation':
      return { ...gameServer, objectMeta: { ...objectMeta, annotationsMap: withEntry(objectMeta.annotationsMap, change) } };
    case 'value-added':
    case 'value-removed': {
      const listsMap = status.listsMap.map(([name, list]): (typeof status.listsMap)[number] => {
        if (name !== change.list) return [name, list];
        const others = list.valuesList.filter((value) => value !== change.value);
        return [name, { ...list, valuesList: change.kind === 'value-added' ? [...others, change.value] : others }];
      });
      return { ...gameServer, status: { ...status, listsMap } };
    }
  }
}

/** The change is written. */
export function isShown({ objectMeta, status }: GameServer, change: QueuedChange): boolean {
  switch (change.kind) {
    case 'label':
      return has(objectMeta.labelsMap, change);
    case 'annotation':
      return has(objectMeta.annotationsMap, change);
    case 'value-added':
    case 'value-removed': {
      const values = status.listsMap.find(([name]) => name === change.list)?.[1].valuesList ?? [];
      return values.includes(change.value) === (change.kind === 'value-added');
    }
  }
}

type Entries = GameServer['objectMeta']['labelsMap'];

const withEntry = (entries: Entries, { name, value }: { name: string; value: string }): Entries => [
  ...entries.filter(([key]) => key !== PREFIX + name),
  [PREFIX + name, value],
];

const has = (entries: Entries, { name, value }: { name: string; value: string }): boolean =>
  entries.some(([key, held]) => key === PREFIX + name && held === value);
