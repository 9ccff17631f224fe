/** What the validating webhook refuses in a game server, on its own or as the template of a fleet. */
import { isIP } from 'node:net';

import { DEV_ADDRESS_ANNOTATION, type Container, type GameServerPort, type GameServerSpec } from '../resources/game-server.ts';
import type { Texts } from '../resources/object-meta.ts';
import { forbidden, invalid, required, type FieldFault } from './field-fault.ts';

/** The faults of a specification whose defaults are set; `annotations` are those of the game server it will become. */
export function gameServerSpecFaults(spec: GameServerSpec, annotations: Texts | undefined, path: string): FieldFault[] {
  const devAddress = annotations?.[DEV_ADDRESS_ANNOTATION];
  if (devAddress !== undefined) return devAddressFaults(spec, devAddress, path);
  return [
    ...containerFaults(spec, path),
    ...(spec.ports ?? []).flatMap((port, index) => portFaults(port, `${path}.ports[${index}]`)),
    ...(spec.template.spec.containers ?? []).flatMap((container, index) =>
      resourceFaults(container, `${path}.template.spec.containers[${index}].resources.requests`),
    ),
  ];
}

function containerFaults(spec: GameServerSpec, path: string): FieldFault[] {
  const containers = spec.template.spec.containers ?? [];
  const name = spec.container ?? '';
  const faults: FieldFault[] = [];
  if (containers.length > 1 && name === '') {
    faults.push(required(`${path}.container`, 'Container is required when using multiple containers in the pod template'));
  }
  if (!containers.some((container) => container.name === name)) {
    faults.push(invalid(`${path}.container`, name, `Could not find a container named ${name}`));
  }
  return faults;
}

function portFaults(port: GameServerPort, path: string): FieldFault[] {
  const { portPolicy, hostPort = 0, containerPort = 0 } = port;
  const isFound = portPolicy === 'Dynamic' || portPolicy === 'Passthrough';
  const faults: FieldFault[] = [];
  if (hostPort > 0 && isFound) {
    faults.push(forbidden(`${path}.hostPort`, 'HostPort cannot be specified with a Dynamic or Passthrough PortPolicy'));
  }
  if (containerPort > 0 && portPolicy === 'Passthrough') {
    faults.push(required(`${path}.containerPort`, 'ContainerPort cannot be specified with Passthrough PortPolicy'));
  }
  if (containerPort <= 0 && (portPolicy === 'Dynamic' || portPolicy === 'Static')) {
    faults.push(required(`${path}.containerPort`, 'ContainerPort must be defined for Dynamic and Static PortPolicies'));
  }
  return faults;
}

/** A development server runs somewhere else, at ports that are known. */
function devAddressFaults(spec: GameServerSpec, devAddress: string, path: string): FieldFault[] {
  const faults: FieldFault[] = [];
  if (isIP(devAddress) === 0) {
    faults.push(invalid(`metadata.annotations.${DEV_ADDRESS_ANNOTATION}`, devAddress, 'must be a valid IP address'));
  }
  for (const [index, port] of (spec.ports ?? []).entries()) {
    if ((port.hostPort ?? 0) === 0) faults.push(required(`${path}.ports[${index}].hostPort`, DEV_ADDRESS_ANNOTATION));
    if (port.portPolicy !== 'Static') {
      faults.push(required(`${path}.ports[${index}].portPolicy`, 'PortPolicy must be Static'));
    }
  }
  return faults;
}

function resourceFaults(container: Container, path: string): FieldFault[] {
  const { requests = {}, limits = {} } = container.resources ?? {};
  return Object.entries(requests).flatMap(([resource, wanted]) => {
    const limit = limits[resource];
    if (limit === undefined || quantity(wanted) <= quantity(limit)) return [];
    return [invalid(path, String(wanted), `must be less than or equal to ${resource} limit of ${limit}`)];
  });
}

const FACTORS: Readonly<Record<string, number>> = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A Kubernetes quantity such as `250m` or `1Gi` as a number; what is none is NaN and compares with nothing. */
function quantity(value: string | number): number {
  const match = /^([0-9.]+)([A-Za-z]*)$/.exec(String(value));
  return Number(match?.[1] ?? 'NaN') * (FACTORS[match?.[2] ?? ''] ?? Number.NaN);
}
