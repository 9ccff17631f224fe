/**
 * Which game servers will do, and what an allocation changes on the one it gets: the fields of Agones' GameServerAllocation.
 *
 * Two things are refused that Agones takes: what it would never match, and what it would silently cut off at a capacity.
 */
import { z } from 'zod';

const NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const PREFIX = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
/** Put on every server by the allocator, and on every fleet by its owner: not for a request to choose by. */
const OURS = 'lifeverse.dev/';

const LabelKey = z
  .string()
  .refine((key) => {
    const parts = key.split('/');
    return NAME.test(parts.at(-1) ?? '') && (parts.length === 1 || (parts.length === 2 && PREFIX.test(parts[0] ?? '')));
  }, 'a Kubernetes label key: name or prefix/name')
  .refine((key) => !key.startsWith(OURS), `labels of ${OURS} are the allocator's own; it adds the build by itself`);
const LabelValue = z
  .string()
  .max(63)
  .regex(/^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$/, 'a Kubernetes label value');
const ResourceName = z.string().min(1).max(63).regex(NAME, 'the name of a counter or list');
const Count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** By name, few. The names are looked at here, since a record of zod's does not say what is wrong with its keys. */
function few<V extends z.ZodType>(key: z.ZodType<string, string>, value: V, most: number) {
  return z.record(z.string(), value).superRefine((entries, context) => {
    const names = Object.keys(entries);
    if (names.length > most) context.addIssue({ code: 'custom', message: `at most ${most}` });
    for (const name of names)
      for (const { message } of key.safeParse(name).error?.issues ?? []) context.addIssue({ code: 'custom', path: [name], message });
  });
}

const LabelExpression = z
  .object({
    key: LabelKey,
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
    values: z.array(LabelValue).max(50).default([]),
  })
  .refine(({ operator, values }) => (operator === 'In' || operator === 'NotIn') === values.length > 0, {
    path: ['values'],
    message: 'In and NotIn need values; Exists and DoesNotExist take none',
  });

/** For `refine`. */
function range<N extends string>(least: N, most: N) {
  const holds = (value: Partial<Record<N, number | undefined>>) => (value[most] ?? 0) === 0 || (value[most] ?? 0) >= (value[least] ?? 0);
  const fault: { path: string[]; message: string } = { path: [most], message: `${most} is at least ${least}, or 0 for no limit` };
  return [holds, fault] as const;
}

export const CounterCondition = z
  .object({
    minCount: Count.optional(),
    maxCount: Count.optional().describe('0 is no limit'),
    minAvailable: Count.optional(),
    maxAvailable: Count.optional().describe('0 is no limit'),
  })
  .refine(...range('minCount', 'maxCount'))
  .refine(...range('minAvailable', 'maxAvailable'));
export type CounterCondition = z.infer<typeof CounterCondition>;

export const ListCondition = z
  .object({
    containsValue: z.string().max(256).optional(),
    minAvailable: Count.optional(),
    maxAvailable: Count.optional().describe('0 is no limit'),
  })
  .refine(...range('minAvailable', 'maxAvailable'));
export type ListCondition = z.infer<typeof ListCondition>;

export const ServerSelector = z
  .object({
    matchLabels: few(LabelKey, LabelValue, 20).default({}),
    matchExpressions: z.array(LabelExpression).max(20).default([]),
    counters: few(ResourceName, CounterCondition, 10).default({}).describe('Conditions on counters, by name'),
    lists: few(ResourceName, ListCondition, 10).default({}).describe('Conditions on lists, by name'),
  })
  .meta({ id: 'ServerSelector', description: 'As a selector of a GameServerAllocation; always of Ready servers of the build' });
export type ServerSelector = z.infer<typeof ServerSelector>;

export const ServerPriority = z.object({
  type: z.enum(['Counter', 'List']),
  key: ResourceName,
  order: z.enum(['Ascending', 'Descending']).default('Ascending'),
});

export const CounterAction = z
  .object({ action: z.enum(['Increment', 'Decrement']).optional(), amount: z.int().min(1).optional(), capacity: Count.optional() })
  .refine(({ action, amount }) => (action === undefined) === (amount === undefined), 'action and amount go together')
  .refine(({ action, capacity }) => action !== 'Increment' || capacity === undefined, {
    path: ['capacity'],
    message: 'set a capacity or increment, not both: Agones would cut the count off at the new capacity without a word',
  });

export const ListAction = z
  .object({
    addValues: z.array(z.string().min(1).max(256)).max(100).optional(),
    deleteValues: z.array(z.string().min(1).max(256)).max(100).optional(),
    capacity: z.int().min(0).max(1_000).optional(),
  })
  .refine(({ addValues, capacity }) => (addValues ?? []).length === 0 || capacity === undefined, {
    path: ['capacity'],
    message: 'set a capacity or add values, not both: Agones would drop values beyond the new capacity without a word',
  });

/** The fields of an allocation that say which servers will do. */
export const serverFields = {
  selectors: z
    .array(ServerSelector)
    .min(1)
    .max(5)
    .optional()
    .describe('Instead of a fleet: what the server must be like, the first that any server meets wins'),
  priorities: z.array(ServerPriority).max(10).optional().describe('Order among the servers that will do, by available capacity'),
  counters: few(ResourceName, CounterAction, 10).optional().describe('Changes to counters of the server, made as it is allocated'),
  lists: few(ResourceName, ListAction, 10).optional().describe('Changes to lists of the server, made as it is allocated'),
};

const ServerFields = z.object({ fleet: z.string().optional(), ...serverFields });

/** What is wrong between those fields; each names its place and what to mend. */
export function serverFaults(request: z.infer<typeof ServerFields>): { path: (string | number)[]; message: string }[] {
  const { fleet, selectors } = request;
  if ((fleet === undefined) === (selectors === undefined))
    return [{ path: [fleet === undefined ? 'fleet' : 'selectors'], message: 'name a fleet, or selectors instead of it: exactly one' }];
  return [...fullCounters(request), ...fullLists(request)];
}

function fullCounters({ counters = {}, selectors }: z.infer<typeof ServerFields>) {
  return Object.entries(counters).flatMap(([name, { action, amount = 0 }]) => {
    if (action !== 'Increment') return [];
    const guarded = selectors?.every((selector) => (selector.counters[name]?.minAvailable ?? 0) >= amount) ?? false;
    return guarded ? [] : [{ path: ['counters', name], message: cutOff('count', `counters.${name}`, amount) }];
  });
}

function fullLists({ lists = {}, selectors }: z.infer<typeof ServerFields>) {
  return Object.entries(lists).flatMap(([name, { addValues = [] }]) => {
    const guarded = selectors?.every((selector) => (selector.lists[name]?.minAvailable ?? 0) >= addValues.length) ?? false;
    return guarded || addValues.length === 0 ? [] : [{ path: ['lists', name], message: cutOff('list', `lists.${name}`, addValues.length) }];
  });
}

function cutOff(what: string, condition: string, least: number): string {
  return (
    `give every selector ${condition}.minAvailable of at least ${least} (use selectors in place of fleet): ` +
    `Agones cuts a ${what} off at its capacity without a word`
  );
}
