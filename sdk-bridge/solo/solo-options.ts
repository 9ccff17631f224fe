/** What `--solo` is told, from the command line. Pure. */
import { z } from 'zod';
import { SoloAllocation } from '../../contracts/bridge-solo.ts';

export interface SoloOptions {
  readonly folder: string;
  readonly port: number;
  readonly grpcPort: number;
  /** Given to every life as soon as it is Ready. */
  readonly session: SoloAllocation | undefined;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

export type SoloReading = { readonly options: SoloOptions } | { readonly faults: readonly string[] };

export const SOLO_USAGE = `npm run bridge -- --solo [--folder=FOLDER] [--port=9358] [--grpc-port=9357] [--session=JSON] [--log-level=warn]
  --folder     where worlds, players and the session are kept (.lifeverse-solo)
  --port       where the game server finds the bridge (9358)
  --grpc-port  the same for a game server on another SDK of Agones' (9357)
  --session    allocated by itself whenever a game server is Ready, such as '{"session":{"map":"Arena"},"players":[{"id":"ann"}]}'
  --log-level  debug, info, warn or error (warn)
`;

const KNOWN = new Set(['solo', 'folder', 'port', 'grpc-port', 'session', 'log-level']);
const Port = z.coerce.number().int().min(0).max(65_535);
const Level = z.enum(['debug', 'info', 'warn', 'error']);

export function readSoloOptions(args: readonly string[]): SoloReading {
  const faults: string[] = [];
  const given = new Map<string, string>();
  for (const arg of args) {
    const [, name = '', , value = ''] = /^--([\w-]+)(=(.*))?$/s.exec(arg) ?? [];
    if (!KNOWN.has(name)) faults.push(`${arg}: is not known`);
    given.set(name, value);
  }
  const read = <T>(name: string, type: z.ZodType<T>, fallback: T): T => {
    const text = given.get(name);
    if (text === undefined) return fallback;
    const parsed = type.safeParse(text);
    if (parsed.success) return parsed.data;
    faults.push(`--${name}=${text}: ${parsed.error.issues.map(({ message }) => message).join('; ')}`);
    return fallback;
  };
  const folder = given.get('folder') ?? '.lifeverse-solo';
  if (folder === '') faults.push('--folder: name a folder');
  const options = {
    folder,
    port: read('port', Port, 9_358),
    grpcPort: read('grpc-port', Port, 9_357),
    session: read('session', Allocation, undefined),
    logLevel: read('log-level', Level, 'warn'),
  };
  return faults.length === 0 ? { options } : { faults };
}

const Allocation = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'is not JSON' });
      return z.NEVER;
    }
  })
  .pipe(SoloAllocation) as z.ZodType<SoloAllocation | undefined>;
