/** The GameServerAllocation: what is asked, and what is answered (pure). */
import type { Counters, GameServerState, Lists } from '../../../sdk-bridge/solo/sidecar/sidecar-game-server.ts';
import type { GameServer, NodeAddress, Scheduling } from '../resources/game-server.ts';
import type { Texts } from '../resources/object-meta.ts';

export const ALLOCATION_GROUP = 'allocation.agones.dev';
export const ALLOCATION_API_VERSION = 'allocation.agones.dev/v1';
export const ALLOCATION_KIND = 'GameServerAllocation';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

export interface CounterSelector {
  readonly minCount?: number;
  readonly maxCount?: number;
  readonly minAvailable?: number;
  readonly maxAvailable?: number;
}

export interface ListSelector {
  readonly containsValue?: string;
  readonly minAvailable?: number;
  readonly maxAvailable?: number;
}

export interface Selector {
  readonly matchLabels?: Texts;
  readonly matchExpressions?: readonly LabelRequirement[];
  readonly gameServerState?: GameServerState;
  readonly counters?: Readonly<Record<string, CounterSelector>>;
  readonly lists?: Readonly<Record<string, ListSelector>>;
}

export interface AllocationPriority {
  readonly type?: string;
  readonly key?: string;
  readonly order?: string;
}

export interface CounterAction {
  readonly action?: string;
  readonly amount?: number;
  readonly capacity?: number;
}

export interface ListAction {
  readonly addValues?: readonly string[];
  readonly deleteValues?: readonly string[];
  readonly capacity?: number;
}

export interface AllocationSpec {
  readonly multiClusterSetting?: { readonly enabled?: boolean; readonly policySelector?: Readonly<Record<string, unknown>> };
  readonly required?: Selector;
  readonly preferred?: readonly Selector[];
  readonly selectors?: readonly Selector[];
  readonly priorities?: readonly AllocationPriority[];
  readonly scheduling?: Scheduling;
  readonly metadata?: { readonly labels?: Texts; readonly annotations?: Texts };
  readonly counters?: Readonly<Record<string, CounterAction>>;
  readonly lists?: Readonly<Record<string, ListAction>>;
}

export interface AllocationStatus {
  readonly state: 'Allocated' | 'UnAllocated' | 'Contention';
  readonly gameServerName: string;
  readonly ports?: readonly { readonly name: string; readonly port: number }[];
  readonly address?: string;
  readonly addresses?: readonly NodeAddress[];
  readonly nodeName?: string;
  readonly source: string;
  readonly metadata?: { readonly labels?: Texts; readonly annotations?: Texts };
  readonly counters?: Counters;
  readonly lists?: Lists;
}

const SPEC_FIELDS: readonly (keyof AllocationSpec)[] = [
  'multiClusterSetting',
  'required',
  'preferred',
  'selectors',
  'priorities',
  'scheduling',
  'metadata',
  'counters',
  'lists',
];

/** The specification with its defaults; the deprecated `required` and `preferred` become ordered selectors. */
export function defaultedSpec(sent: AllocationSpec): AllocationSpec {
  const known = Object.fromEntries(Object.entries(sent).filter(([name]) => SPEC_FIELDS.some((field) => field === name)));
  const isOrdered = sent.selectors !== undefined && sent.selectors.length > 0;
  const required = isOrdered ? (sent.required ?? {}) : readyUnlessTold(sent.required ?? {});
  const preferred = isOrdered ? sent.preferred : sent.preferred?.map(readyUnlessTold);
  const selectors = isOrdered ? sent.selectors.map(readyUnlessTold) : [...(preferred ?? []), required];
  return {
    ...known,
    multiClusterSetting: { ...sent.multiClusterSetting, policySelector: sent.multiClusterSetting?.policySelector ?? {} },
    required,
    ...(preferred === undefined ? {} : { preferred }),
    selectors,
    ...(sent.priorities === undefined ? {} : { priorities: sent.priorities.map((priority) => ({ order: 'Ascending', ...priority })) }),
    scheduling: sent.scheduling === undefined || String(sent.scheduling) === '' ? 'Packed' : sent.scheduling,
    metadata: sent.metadata ?? {},
  };
}

/** Only what is known is kept; numbers that were not sent are zero. */
const readyUnlessTold = ({ matchLabels, matchExpressions, gameServerState, counters, lists }: Selector): Selector => ({
  ...(matchLabels === undefined ? {} : { matchLabels }),
  ...(matchExpressions === undefined ? {} : { matchExpressions }),
  gameServerState: gameServerState ?? 'Ready',
  ...(counters === undefined ? {} : { counters: each(counters, (counter) => ({ ...NO_COUNTER_LIMITS, ...counter })) }),
  ...(lists === undefined ? {} : { lists: each(lists, (list) => ({ ...NO_LIST_LIMITS, ...list })) }),
});

const NO_COUNTER_LIMITS: Required<CounterSelector> = { minCount: 0, maxCount: 0, minAvailable: 0, maxAvailable: 0 };
const NO_LIST_LIMITS: Required<ListSelector> = { containsValue: '', minAvailable: 0, maxAvailable: 0 };

const each = <Value>(values: Readonly<Record<string, Value>>, complete: (value: Value) => Value): Readonly<Record<string, Value>> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, complete(value)]));

/** What an allocation answers about the game server that it took. */
export function allocatedStatus({ metadata, status }: GameServer): AllocationStatus {
  return {
    state: 'Allocated',
    gameServerName: metadata.name,
    ...(status?.ports === undefined || status.ports === null ? {} : { ports: status.ports }),
    ...(status?.address === undefined ? {} : { address: status.address }),
    ...(status?.addresses === undefined || status.addresses === null ? {} : { addresses: status.addresses }),
    ...(status?.nodeName === undefined ? {} : { nodeName: status.nodeName }),
    source: 'local',
    metadata: {
      ...(metadata.labels === undefined ? {} : { labels: metadata.labels }),
      ...(metadata.annotations === undefined ? {} : { annotations: metadata.annotations }),
    },
    ...(status?.counters === undefined ? {} : { counters: status.counters }),
    ...(status?.lists === undefined ? {} : { lists: status.lists }),
  };
}

export const UNALLOCATED: AllocationStatus = { state: 'UnAllocated', gameServerName: '', source: '' };

/** Others took every game server that was chosen, each time before it was written. */
export const CONTENTION: AllocationStatus = { ...UNALLOCATED, state: 'Contention' };
