/** What `--solo` is told, from the command line. Pure. */
import { z } from 'zod';
import { SoloAllocation } from '../../contracts/bridge-solo.ts';
import { jsonFaults } from '../../runtime/json-faults.ts';
import { readFeatureGates, type FeatureGates } from './sidecar/feature-gates.ts';
import { SoloSpec } from './solo-spec.ts';

export interface SoloOptions {
  readonly folder: string;
  readonly port: number;
  readonly grpcPort: number;
  /** Given to every life as soon as it is Ready. */
  readonly session: SoloAllocation | undefined;
  /** Of every game server. */
  readonly spec: SoloSpec;
  readonly gates: FeatureGates;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

export type SoloReading = { readonly options: SoloOptions } | { readonly faults: readonly string[] };

export const SOLO_USAGE = `npm run bridge -- --solo [--folder=FOLDER] [--port=9358] [--grpc-port=9357] [--session=JSON] [--spec=JSON] [--feature-gates=GATES] [--log-level=warn]
  --folder         where worlds, players and the session are kept (.lifeverse-solo)
  --port           where the game server finds the bridge (9358)
  --grpc-port      the same for a game server on another SDK of Agones' (9357)
  --session        allocated by itself whenever a game server is Ready, such as '{"session":{"map":"Arena"},"players":[{"id":"ann"}]}'
  --spec           counters, lists and players of every game server, as in a fleet's template,
                   such as '{"counters":{"rooms":{"capacity":10}},"lists":{"players":{"capacity":5}}}'
  --feature-gates  as Agones takes them, of these two: PlayerTracking=true (off), CountsAndLists=false (on)
  --log-level      debug, info, warn or error (warn)
`;

const KNOWN = new Set(['solo', 'folder', 'port', 'grpc-port', 'session', 'spec', 'feature-gates', 'log-level']);
const Port = z.coerce.number().int().min(0).max(65_535);
const NO_SPEC: SoloSpec = { counters: {}, lists: {} };
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
    faults.push(`--${name}=${text}: ${parsed.error.issues.map(({ path, message }) => [...path, message].join(' ')).join('; ')}`);
    return fallback;
  };
  const folder = given.get('folder') ?? '.lifeverse-solo';
  if (folder === '') faults.push('--folder: name a folder');
  const options = {
    folder,
    port: read('port', Port, 9_358),
    grpcPort: read('grpc-port', Port, 9_357),
    session: read<SoloAllocation | undefined>('session', inJson(SoloAllocation), undefined),
    spec: read('spec', inJson(SoloSpec), NO_SPEC),
    gates: readFeatureGates(given.get('feature-gates') ?? ''),
    logLevel: read('log-level', Level, 'warn'),
  };
  faults.push(...gateFaults(options.spec, options.gates));
  return faults.length === 0 ? { options: { ...options, spec: withPlayers(options.spec, options.gates) } } : { faults };
}

const inJson = <T>(type: z.ZodType<T>): z.ZodType<T> =>
  z
    .string()
    .transform((text, context): unknown => {
      const fault = (message: string) => context.addIssue({ code: 'custom', message });
      try {
        const parsed: unknown = JSON.parse(text);
        const lost = jsonFaults(parsed, text, '#');
        for (const { pointer, detail } of lost) fault(`${pointer}: ${detail}`);
        return lost.length === 0 ? parsed : z.NEVER;
      } catch {
        fault('is not JSON');
        return z.NEVER;
      }
    })
    .pipe(type);

/** As Agones refuses a GameServer with what is switched off. */
function gateFaults({ counters, lists, players }: SoloSpec, { playerTracking, countsAndLists }: FeatureGates): string[] {
  const counts = Object.keys(counters).length + Object.keys(lists).length;
  return [
    ...(counts > 0 && !countsAndLists ? ['--spec: has counters or lists, and --feature-gates says CountsAndLists=false'] : []),
    ...(players !== undefined && !playerTracking ? ['--spec: has players, which need --feature-gates=PlayerTracking=true'] : []),
  ];
}

/** Tracked players have a capacity, if only of none. */
const withPlayers = (spec: SoloSpec, { playerTracking }: FeatureGates): SoloSpec =>
  playerTracking ? { ...spec, players: spec.players ?? { initialCapacity: 0 } } : spec;
