/** What the sidecar is told: flags as Agones' own has them, and the environment that a pod gives it. */
import { parseArgs } from 'node:util';
import { readFeatureGates, type FeatureGates } from '../../../sdk-bridge/solo/sidecar/feature-gates.ts';

export interface SdkOptions extends FeatureGates {
  readonly gameServer: string;
  readonly namespace: string;
  readonly kubeconfig: string;
  readonly address: string;
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly healthPort: number;
  /** Every write waits this long, so that what comes meanwhile goes with it. */
  readonly writeDelayMs: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

export type SdkOptionsResult = { readonly options: SdkOptions } | { readonly faults: readonly string[] };

/** A flag wins over the environment. */
export function parseSdkOptions(args: readonly string[], environment: Environment): SdkOptionsResult {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      'gameserver-name': text,
      'pod-namespace': text,
      kubeconfig: text,
      address: text,
      'grpc-port': text,
      'http-port': text,
      'health-port': text,
      'write-delay-ms': text,
      'feature-gates': text,
    },
  });
  const faults: string[] = [];
  const told = (flag: keyof typeof values, name: string, otherwise?: string): string => {
    const value = values[flag] ?? environment[name] ?? otherwise ?? '';
    if (value === '') faults.push(`neither --${flag} nor ${name} is set`);
    return value;
  };
  const number = (flag: keyof typeof values, name: string, otherwise: number, greatest: number): number => {
    const value = Number(told(flag, name, String(otherwise)));
    if (!Number.isInteger(value) || value < 0 || value > greatest) faults.push(`--${flag} is not a number from 0 to ${greatest}`);
    return value;
  };
  const options: SdkOptions = {
    gameServer: told('gameserver-name', 'GAMESERVER_NAME'),
    namespace: told('pod-namespace', 'POD_NAMESPACE'),
    kubeconfig: told('kubeconfig', 'KUBECONFIG'),
    address: told('address', 'ADDRESS', '127.0.0.1'),
    grpcPort: number('grpc-port', 'GRPC_PORT', 9357, 65_535),
    httpPort: number('http-port', 'HTTP_PORT', 9358, 65_535),
    healthPort: number('health-port', 'HEALTH_PORT', 8080, 65_535),
    ...readFeatureGates(values['feature-gates'] ?? environment['FEATURE_GATES'] ?? ''),
    writeDelayMs: number('write-delay-ms', 'SDK_WRITE_DELAY_MS', 500, 60_000),
  };
  return faults.length > 0 ? { faults } : { options };
}
