/** The stand-in's settings, read from the environment; every fault is listed at once. */
import type { PortRange } from './controllers/port-allocator.ts';

export interface StandInConfig {
  readonly kubeconfig: string;
  readonly context: string | undefined;
  /** Where the API server reaches webhooks and allocations, on loopback; 0 takes a free port. */
  readonly port: number;
  readonly certFile: string;
  readonly keyFile: string;
  /** The authority that signed the certificate: the API server is told to trust it. */
  readonly caFile: string;
  readonly hostPorts: PortRange;
  readonly batchWaitMs: number;
  /** The namespaces that game servers may stand in. */
  readonly gameNamespaces: readonly string[];
}

export type ConfigResult = { readonly config: StandInConfig } | { readonly faults: readonly string[] };

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * - `KUBECONFIG` and, unless its current context is meant, `KUBE_CONTEXT`
 * - `AGONES_PORT` (0), `AGONES_CERT_FILE`, `AGONES_KEY_FILE`, `AGONES_CA_FILE`
 * - `AGONES_MIN_PORT` (7000), `AGONES_MAX_PORT` (8000): host ports of game servers
 * - `AGONES_BATCH_WAIT_MS` (500), `AGONES_NAMESPACES` (default)
 */
export function parseStandInConfig(environment: Environment): ConfigResult {
  const faults: string[] = [];
  const textOf = (name: string): string => {
    const value = environment[name] ?? '';
    if (value === '') faults.push(`${name} is missing`);
    return value;
  };
  const numberOf = (name: string, otherwise: number, greatest: number): number => {
    const value = Number(environment[name] ?? otherwise);
    if (Number.isInteger(value) && value >= 0 && value <= greatest) return value;
    faults.push(`${name} is not a whole number from 0 to ${greatest}`);
    return otherwise;
  };
  const config: StandInConfig = {
    kubeconfig: textOf('KUBECONFIG'),
    context: environment['KUBE_CONTEXT'],
    port: numberOf('AGONES_PORT', 0, 65_535),
    certFile: textOf('AGONES_CERT_FILE'),
    keyFile: textOf('AGONES_KEY_FILE'),
    caFile: textOf('AGONES_CA_FILE'),
    hostPorts: { first: numberOf('AGONES_MIN_PORT', 7000, 65_535), last: numberOf('AGONES_MAX_PORT', 8000, 65_535) },
    batchWaitMs: numberOf('AGONES_BATCH_WAIT_MS', 500, 60_000),
    gameNamespaces: (environment['AGONES_NAMESPACES'] ?? 'default').split(',').filter((name) => name !== ''),
  };
  if (config.hostPorts.first > config.hostPorts.last) faults.push('AGONES_MIN_PORT is greater than AGONES_MAX_PORT');
  return faults.length > 0 ? { faults } : { config };
}
