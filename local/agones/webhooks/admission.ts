/** The two admission webhooks: an AdmissionReview in, an AdmissionReview out. */
import { FLEET_AUTOSCALER_RESOURCE } from '../crds/fleet-autoscaler-schema.ts';
import { FLEET_RESOURCE } from '../crds/fleet-schema.ts';
import { GAME_SERVER_RESOURCE } from '../crds/game-server-schema.ts';
import { FLEETS, FLEET_AUTOSCALERS, GAME_SERVERS, GAME_SERVER_SETS } from '../resources/resource.ts';
import { decodes } from './decodes.ts';
import { defaultedFleet, defaultedFleetAutoscaler, defaultedGameServer } from './defaults.ts';
import { invalidStatus, type FieldFault } from './field-fault.ts';
import { fleetAutoscalerFaults } from './fleet-autoscaler-verdicts.ts';
import { fleetFaults, gameServerFaults, gameServerSetFaults } from './verdicts.ts';

type Fields = Readonly<Record<string, unknown>>;

interface AdmissionRequest {
  readonly uid: string;
  readonly kind: string;
  readonly group: string;
  readonly name: string;
  readonly object: Fields;
  readonly oldObject: Fields | undefined;
}

/** Answers a review of the mutating webhook. */
export function mutated(review: unknown): Fields {
  const request = requestOf(review);
  const defaulted = withDefaults(request);
  if (defaulted === undefined) return answer(request, { allowed: true });
  const patch = ['metadata', 'spec', 'status'].flatMap((field) => {
    const before = request.object[field];
    const after = defaulted[field];
    if (after === undefined || JSON.stringify(before) === JSON.stringify(after)) return [];
    return [{ op: before === undefined ? 'add' : 'replace', path: `/${field}`, value: after }];
  });
  return answer(request, {
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
  });
}

/** Answers a review of the validating webhook. */
export function judged(review: unknown, now: Date): Fields {
  const request = requestOf(review);
  const faults = faultsOf(request, now);
  if (faults.length === 0) return answer(request, { allowed: true });
  return answer(request, { allowed: false, status: invalidStatus(request, faults) });
}

function withDefaults({ kind, object }: AdmissionRequest): Fields | undefined {
  switch (kind) {
    case 'GameServer':
      return decodes(GAME_SERVER_RESOURCE.schema, object) ? { ...defaultedGameServer(GAME_SERVERS.parse(object)) } : undefined;
    case 'Fleet':
      return decodes(FLEET_RESOURCE.schema, object) ? { ...defaultedFleet(FLEETS.parse(object)) } : undefined;
    case 'FleetAutoscaler':
      return decodes(FLEET_AUTOSCALER_RESOURCE.schema, object)
        ? { ...defaultedFleetAutoscaler(FLEET_AUTOSCALERS.parse(object)) }
        : undefined;
    default:
      return undefined;
  }
}

function faultsOf({ kind, object, oldObject }: AdmissionRequest, now: Date): FieldFault[] {
  switch (kind) {
    case 'GameServer':
      return gameServerFaults(GAME_SERVERS.parse(object));
    case 'Fleet':
      return fleetFaults(FLEETS.parse(object));
    case 'GameServerSet': {
      const before = oldObject === undefined ? undefined : GAME_SERVER_SETS.parse(oldObject);
      return gameServerSetFaults(before, GAME_SERVER_SETS.parse(object));
    }
    case 'FleetAutoscaler':
      return fleetAutoscalerFaults(FLEET_AUTOSCALERS.parse(object), now);
    default:
      return [];
  }
}

const answer = (request: AdmissionRequest, response: Fields): Fields => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  response: { uid: request.uid, ...response },
});

function requestOf(review: unknown): AdmissionRequest {
  const request = fields(fields(review)['request']);
  const kind = fields(request['kind']);
  const object = fields(request['object']);
  const oldObject = request['oldObject'];
  return {
    uid: String(request['uid']),
    kind: String(kind['kind']),
    group: String(kind['group']),
    name: textOf(request['name']) ?? textOf(fields(object['metadata'])['name']) ?? '',
    object,
    oldObject: typeof oldObject === 'object' && oldObject !== null ? fields(oldObject) : undefined,
  };
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

function fields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null) throw new Error('the API server sent no admission review');
  return Object.fromEntries(Object.entries(value));
}
