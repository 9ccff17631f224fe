/** What an allocation is refused for, in the words of a real Agones (pure). */
import { invalid, notSupported, type FieldFault } from '../webhooks/field-fault.ts';
import { annotationFaults, labelFaults, labelValueFaults, qualifiedNameFaults } from '../webhooks/metadata-verdicts.ts';
import type { AllocationSpec, LabelRequirement, Selector } from './allocation.ts';

const SCHEDULINGS = ['Packed', 'Distributed'];

/** The faults of a specification whose defaults are set. */
export function allocationFaults(spec: AllocationSpec): FieldFault[] {
  const scheduling = spec.scheduling ?? '';
  return [
    ...(SCHEDULINGS.includes(scheduling) ? [] : [notSupported('spec.scheduling', scheduling, SCHEDULINGS)]),
    ...(spec.selectors ?? []).flatMap((selector, index) => selectorFaults(selector, `spec.selectors[${index}]`)),
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
  return faults;
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
