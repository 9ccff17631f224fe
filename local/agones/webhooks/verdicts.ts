/** What the validating webhook refuses, in the order and the words of a real Agones. */
import type { BufferPolicy, Fleet, FleetAutoscaler, GameServerSet, IntOrPercent, WebhookPolicy } from '../resources/fleet.ts';
import type { GameServer } from '../resources/game-server.ts';
import { defaultedGameServerSpec } from './defaults.ts';
import { duplicate, invalid, required, tooLong, type FieldFault } from './field-fault.ts';
import { gameServerSpecFaults } from './game-server-verdicts.ts';
import { annotationFaults, labelFaults } from './metadata-verdicts.ts';

/** A name becomes the value of a label, and those are short. */
const NAME_MAX = 63;
const NOT_NEGATIVE = 'must be greater than or equal to 0';

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

export function fleetAutoscalerFaults(autoscaler: FleetAutoscaler): FieldFault[] {
  const { policy } = autoscaler.spec;
  switch (policy.type) {
    case 'Buffer':
      return policy.buffer === undefined || policy.buffer === null
        ? [required('spec.policy.buffer', 'buffer policy config params are missing')]
        : bufferFaults('spec.policy.buffer', policy.buffer);
    case 'Webhook':
      return policy.webhook === undefined || policy.webhook === null
        ? [required('spec.policy.webhook', 'webhook policy config params are missing')]
        : webhookFaults('spec.policy.webhook', policy.webhook);
    default:
      return [];
  }
}

function bufferFaults(field: string, buffer: BufferPolicy): FieldFault[] {
  const { bufferSize = 0, minReplicas = 0, maxReplicas = 0 } = buffer;
  const faults: FieldFault[] = [];
  if (minReplicas > maxReplicas) {
    faults.push(invalid(`${field}.minReplicas`, minReplicas, 'minReplicas should be smaller than maxReplicas'));
  }
  if (typeof bufferSize === 'number') {
    if (bufferSize <= 0) faults.push(invalid(`${field}.bufferSize`, bufferSize, NOT_NEGATIVE));
    if (maxReplicas < bufferSize) {
      faults.push(invalid(`${field}.maxReplicas`, maxReplicas, 'maxReplicas should be bigger than or equal to bufferSize'));
    }
    if (minReplicas !== 0 && minReplicas < bufferSize) {
      faults.push(invalid(`${field}.minReplicas`, minReplicas, 'minReplicas should be bigger than or equal to bufferSize'));
    }
    return faults;
  }
  const percent = /^([0-9]+)%$/.exec(bufferSize)?.[1];
  if (percent === undefined || Number(percent) < 1 || Number(percent) > 99) {
    faults.push(invalid(`${field}.bufferSize`, bufferSize, 'bufferSize should be between 1% and 99%'));
  }
  // A share of an empty fleet is nothing: such a fleet would never start.
  if (minReplicas < 1) faults.push(invalid(`${field}.minReplicas`, minReplicas, NOT_NEGATIVE));
  return faults;
}

function webhookFaults(field: string, webhook: WebhookPolicy): FieldFault[] {
  if (webhook.url === undefined && webhook.service === undefined) return [required(field, 'url should be provided')];
  if (webhook.url !== undefined && webhook.service !== undefined) {
    return [duplicate(`${field}.url`, 'service and url cannot be used simultaneously')];
  }
  const isValid = webhook.url === undefined || URL.canParse(webhook.url);
  return isValid ? [] : [invalid(`${field}.url`, webhook.url, 'url is not valid')];
}
