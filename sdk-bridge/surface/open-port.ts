/** Opens the bridge's ports. One that cannot be had is a fault of the configuration, told with who may have it and how to choose another. */
import { platform } from 'node:os';
import { ConfigError } from '../../runtime/config.ts';

/** How a port is chosen. */
export interface PortSetting {
  /** As it is set: `BRIDGE_HTTP_PORT`, `--port`. */
  readonly name: string;
  /** As it stands there now. */
  readonly port: number;
  /** Who else usually stands there. */
  readonly usually: string;
}

/** @throws ConfigError where the port cannot be had; whatever else `open` throws. */
export async function openPort<Opened>(setting: PortSetting, open: () => Promise<Opened>): Promise<Opened> {
  try {
    return await open();
  } catch (cause) {
    const fault = portFault(setting, cause, platform());
    throw fault === undefined ? cause : new ConfigError([fault]);
  }
}

/** Tries all of them, so that every fault is told at once. @throws ConfigError */
export async function openAll(openings: readonly (() => Promise<void>)[]): Promise<void> {
  const faults: string[] = [];
  for (const open of openings) {
    try {
      await open();
    } catch (cause) {
      if (!(cause instanceof ConfigError)) throw cause;
      faults.push(...cause.faults);
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
}

/** What to tell of a failure to listen; undefined where the port is not what is wrong. Pure. */
export function portFault({ name, port, usually }: PortSetting, cause: unknown, system: NodeJS.Platform): string | undefined {
  // grpc-js tells the system's code in the message only.
  const code =
    cause instanceof Error ? /EADDRINUSE|EACCES/.exec(`${'code' in cause ? String(cause.code) : ''} ${cause.message}`)?.[0] : undefined;
  if (code === undefined) return undefined;
  const other = `choose another port with ${name}${name.startsWith('--') ? '=N' : ''}, or 0 for a free one`;
  if (code === 'EACCES') return `${name}: port ${port} is not for this user to listen on: ${other}`;
  return `${name}: port ${port} is taken, usually by ${usually}: \`${whoHas(port, system)}\` shows by whom; end that, or ${other}`;
}

function whoHas(port: number, system: NodeJS.Platform): string {
  switch (system) {
    case 'win32':
      return `netstat -ano | findstr :${port}`;
    case 'darwin':
      return `lsof -nP -iTCP:${port} -sTCP:LISTEN`;
    default:
      return `ss -ltnp sport = :${port}`;
  }
}
