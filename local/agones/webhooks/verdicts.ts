/** What the validating webhook refuses, in the order and the words of a real Agones. */
import type { Fleet, GameServerSet, IntOrPercent } from '../resources/fleet.ts';
import type { GameServer } from '../resources/game-server.ts';
import { defaultedGameServerSpec } from './defaults.ts';
import { invalid, tooLong, type FieldFault } from './field-fault.ts';
import { gameServerSpecFaults } from './game-server-verdicts.ts';
import { annotationFaults, labelFaults } from './metadata-verdicts.ts';

/** A name becomes the value of a label, and those are short. */
const NAME_MAX = 63;

const nameFaults = (name: string | undefined): FieldFault[] =>
  name !== undefined && name.length > NAME_MAX ? [tooLong('metadata.name', NAME_MAX)] : [];

export const gameServerFaults = (gameServer: GameServer): FieldFault[] => [
  ...nameFaults(gameServer.metadata.name),
  ...gameServerSpecFaults(gameServer.spec, gameServer.metadata.annotations, 'spec'),
];

export function fleetFaults(fleet: Fleet): FieldFault[] {
  const { template, strategy, allocationOverflow } = fleet.spec;
  const rolling = strategy?.type === 'RollingUpdate' ? strategy.rollingUpdate : undefined;
  return [
    ...nameFaults(fleet.metadata.name),
    ...shareFaults('spec.strategy.rollingUpdate.maxUnavailable', rolling?.maxUnavailable),
    ...shareFaults('spec.strategy.rollingUpdate.maxSurge', rolling?.maxSurge),
    ...gameServerSpecFaults(defaultedGameServerSpec(template.spec), template.metadata?.annotations, 'spec.template.spec'),
    ...labelFaults('spec.template.metadata.labels', template.metadata?.labels),
    ...annotationFaults('spec.template.metadata.annotations', template.metadata?.annotations),
    ...labelFaults('spec.allocationOverflow.labels', allocationOverflow?.labels),
    ...annotationFaults('spec.allocationOverflow.annotations', allocationOverflow?.annotations),
  ];
}

function shareFaults(field: string, share: IntOrPercent | undefined): FieldFault[] {
  if (share === undefined) return [];
  if (typeof share === 'number') return share < 1 ? [invalid(field, share, 'must be at least 1')] : [];
  const percent = Number.parseInt(share, 10);
  return percent < 1 || percent > 99 ? [invalid(field, share, 'must be between 1% and 99%')] : [];
}

/** A set is one generation of a fleet: its template never changes. */
export function gameServerSetFaults(before: GameServerSet | undefined, after: GameServerSet): FieldFault[] {
  const { template } = after.spec;
  const isChanged = before !== undefined && JSON.stringify(before.spec.template) !== JSON.stringify(template);
  return [
    ...(isChanged ? [invalid('spec.template', after.metadata.name, 'GameServerSet template cannot be updated')] : []),
    ...nameFaults(after.metadata.name),
    ...gameServerSpecFaults(defaultedGameServerSpec(template.spec), template.metadata?.annotations, 'spec.template.spec'),
  ];
}
