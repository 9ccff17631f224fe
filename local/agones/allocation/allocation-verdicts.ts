/** What an allocation is refused for, in the words of a real Agones (pure). */
import { invalid, notSupported, type FieldFault } from '../webhooks/field-fault.ts';
import { labelValueFaults, qualifiedNameFaults } from '../../../sdk-bridge/solo/sidecar/metadata-faults.ts';
import { annotationFaults, labelFaults } from '../webhooks/metadata-verdicts.ts';
import type { AllocationPriority, AllocationSpec, CounterAction, LabelRequirement, Selector } from './allocation.ts';

const SCHEDULINGS = ['Packed', 'Distributed'];
const NOT_NEGATIVE = 'must be greater than or equal to 0';

/** The faults of a specification whose defaults are set. */
export function allocationFaults(spec: AllocationSpec): FieldFault[] {
  const scheduling = spec.scheduling ?? '';
  return [
    ...(SCHEDULINGS.includes(scheduling) ? [] : [notSupported('spec.scheduling', scheduling, SCHEDULINGS)]),
    ...(spec.selectors ?? []).flatMap((selector, index) => selectorFaults(selector, `spec.selectors[${index}]`)),
    ...(spec.priorities ?? []).flatMap((priority, index) => priorityFaults(priority, `spec.priorities[${index}]`)),
    ...Object.entries(spec.counters ?? {}).flatMap(([key, action]) => counterActionFaults(action, `spec.counters[${key}]`)),
    ...Object.entries(spec.lists ?? {}).flatMap(([key, { capacity }]) => negativeFaults({ capacity }, `spec.lists[${key}]`)),
    ...labelFaults('spec.metadata.labels', spec.metadata?.labels),
    ...annotationFaults('spec.metadata.annotations', spec.metadata?.annotations),
  ];
}

function selectorFaults(selector: Selector, path: string): FieldFault[] {
  const faults: FieldFault[] = [];
  const fault = labelSelectorFault(selector);
  if (fault !== undefined) {
    const { matchLabels, matchExpressions } = selector;
    const value = { ...(matchLabels && { matchLabels }), ...(matchExpressions && { matchExpressions }) };
    faults.push(invalid(`${path}.labelSelector`, value, `Error converting label selector: ${fault}`));
  }
  const state = selector.gameServerState;
  if (state !== 'Ready' && state !== 'Allocated') {
    faults.push(invalid(`${path}.gameServerState`, state, 'GameServerState must be either Allocated or Ready'));
  }
  for (const [key, { minCount, maxCount, minAvailable, maxAvailable }] of Object.entries(selector.counters ?? {})) {
    const field = `${path}.counters[${key}]`;
    faults.push(...negativeFaults({ minCount, maxCount, minAvailable, maxAvailable }, field));
    faults.push(...rangeFaults('Count', minCount, maxCount, field), ...rangeFaults('Available', minAvailable, maxAvailable, field));
  }
  for (const [key, { minAvailable, maxAvailable }] of Object.entries(selector.lists ?? {})) {
    const field = `${path}.lists[${key}]`;
    faults.push(...negativeFaults({ minAvailable, maxAvailable }, field));
    faults.push(...rangeFaults('Available', minAvailable, maxAvailable, field));
  }
  return faults;
}

const negativeFaults = (numbers: Readonly<Record<string, number | undefined>>, path: string): FieldFault[] =>
  Object.entries(numbers).flatMap(([name, value = 0]) => (value < 0 ? [invalid(`${path}.${name}`, value, NOT_NEGATIVE)] : []));

/** A greatest of zero is no limit. */
function rangeFaults(what: string, least: number | undefined, greatest: number | undefined, path: string): FieldFault[] {
  const most = greatest ?? 0;
  const isRange = most <= 0 || most >= (least ?? 0);
  return isRange ? [] : [invalid(path, most, `max${what} must zero or greater than min${what} ${least ?? 0}`)];
}

function priorityFaults({ type, key, order }: AllocationPriority, path: string): FieldFault[] {
  const faults: FieldFault[] = [];
  if (type !== 'Counter' && type !== 'List') faults.push(invalid(path, type ?? '', 'type must be "Counter" or "List"'));
  if ((key ?? '') === '') faults.push(invalid(path, type ?? '', 'key must not be nil'));
  const isOrder = order === undefined || order === '' || order === 'Ascending' || order === 'Descending';
  if (!isOrder) faults.push(invalid(path, order, 'order must be "Ascending" or "Descending"'));
  return faults;
}

function counterActionFaults({ action, amount, capacity }: CounterAction, path: string): FieldFault[] {
  const isHalf = action !== undefined && amount === undefined;
  return [
    ...(isHalf ? [invalid(path, null, 'amount must not be nil if action is not nil')] : []),
    ...negativeFaults({ amount, capacity }, path),
  ];
}

/** Only the first fault is told: the conversion stops at it. */
function labelSelectorFault({ matchLabels = {}, matchExpressions = [] }: Selector): string | undefined {
  for (const [key, value] of Object.entries(matchLabels)) {
    const keyFault = qualifiedNameFaults(key)[0];
    if (keyFault !== undefined) return `key: Invalid value: ${JSON.stringify(key)}: ${keyFault}`;
    const valueFault = labelValueFaults(value)[0];
    if (valueFault !== undefined) return `values[0][${key}]: Invalid value: ${JSON.stringify(value)}: ${valueFault}`;
  }
  return matchExpressions.map(requirementFault).find((fault) => fault !== undefined);
}

function requirementFault({ key, operator, values }: LabelRequirement): string | undefined {
  const isSet = operator === 'In' || operator === 'NotIn';
  if (!isSet && operator !== 'Exists' && operator !== 'DoesNotExist') {
    return `${JSON.stringify(operator)} is not a valid label selector operator`;
  }
  if (isSet && (values ?? []).length === 0) {
    return "values: Invalid value: null: for 'in', 'notin' operators, values set can't be empty";
  }
  if (!isSet && (values ?? []).length > 0) {
    return `values: Invalid value: ${JSON.stringify(values)}: values set must be empty for exists and does not exist`;
  }
  const keyFault = qualifiedNameFaults(key)[0];
  return keyFault === undefined ? undefined : `key: Invalid value: ${JSON.stringify(key)}: ${keyFault}`;
}
