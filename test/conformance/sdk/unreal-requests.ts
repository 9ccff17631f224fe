/**
 * What Agones' Unreal plugin sends (`UAgonesSubsystem`, Agones 1.61): every call that it has, with the headers that it sets and the bodies as
 * the engine's converters write them, which is indented and with the platform's line ends. And what a broken caller might send instead.
 */

export interface SdkRequest {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** That the game server comes to have first. */
  readonly state?: string;
}

/** "Accepts" is the plugin's own spelling. */
const HEADERS = { 'Content-Type': 'application/json', 'User-Agent': 'X-UnrealEngine-Agent', Accepts: 'application/json', Accept: '*/*' };

/** As `UStructToJsonObjectString` writes a struct on Linux, and on Windows. */
const pretty = (fields: Readonly<Record<string, string | number>>, end = '\n'): string =>
  `{${Object.entries(fields)
    .map(([name, value]) => `${end}\t"${name}": ${JSON.stringify(value)}`)
    .join(',')}${end}}`;

const get = (name: string, path: string): SdkRequest => ({ name, method: 'GET', path, headers: HEADERS });
const send = (name: string, method: string, path: string, body: string): SdkRequest => ({ name, method, path, body, headers: HEADERS });

/** In the order in which a match would have them; the state calls that end a life are not among them. */
export const PLUGIN_REQUESTS: readonly SdkRequest[] = [
  get('GameServer', '/gameserver'),
  send('Health', 'POST', '/health', '{}'),
  send('Ready', 'POST', '/ready', '{}'),
  send('SetLabel', 'PUT', '/metadata/label', pretty({ key: 'mode', value: 'duel' })),
  send('SetLabel, Windows', 'PUT', '/metadata/label', pretty({ key: 'map', value: 'island' }, '\r\n')),
  send('SetLabel with a value that is none', 'PUT', '/metadata/label', pretty({ key: 'mode', value: 'two words' })),
  send('SetAnnotation', 'PUT', '/metadata/annotation', pretty({ key: 'note', value: 'a "b" <&> é' })),
  get('GetCounter', '/v1beta1/counters/rooms'),
  get('GetCounter of none', '/v1beta1/counters/none'),
  send('IncrementCounter', 'PATCH', '/v1beta1/counters/rooms', '{"countDiff":2}'),
  send('DecrementCounter', 'PATCH', '/v1beta1/counters/rooms', '{"countDiff":-1}'),
  send('SetCounterCount', 'PATCH', '/v1beta1/counters/rooms', '{"count":4}'),
  send('SetCounterCapacity', 'PATCH', '/v1beta1/counters/rooms', '{"capacity":20}'),
  send('IncrementCounter over its capacity', 'PATCH', '/v1beta1/counters/rooms', '{"countDiff":1000}'),
  get('GetCounter again', '/v1beta1/counters/rooms'),
  send('SetPlayerCapacity', 'PUT', '/alpha/player/capacity', pretty({ count: 2 })),
  get('GetPlayerCapacity', '/alpha/player/capacity'),
  send('PlayerConnect', 'POST', '/alpha/player/connect', pretty({ playerID: 'ann' })),
  send('PlayerConnect again', 'POST', '/alpha/player/connect', pretty({ playerID: 'ann' })),
  send('PlayerConnect of a second', 'POST', '/alpha/player/connect', pretty({ playerID: 'bob' })),
  send('PlayerConnect of one too many', 'POST', '/alpha/player/connect', pretty({ playerID: 'cat' })),
  get('GetPlayerCount', '/alpha/player/count'),
  get('IsPlayerConnected', '/alpha/player/connected/ann'),
  get('IsPlayerConnected of a stranger', '/alpha/player/connected/zoe'),
  // The plugin forgets to put anything in the place of the `{0}`.
  get('GetConnectedPlayers', '/alpha/player/connected/%7B0%7D'),
  send('PlayerDisconnect', 'POST', '/alpha/player/disconnect', pretty({ playerID: 'ann' })),
  send('PlayerDisconnect again', 'POST', '/alpha/player/disconnect', pretty({ playerID: 'ann' })),
  send('Reserve', 'POST', '/reserve', pretty({ seconds: 600 })),
  { ...get('GameServer that is Reserved', '/gameserver'), state: 'Reserved' },
  send('Allocate', 'POST', '/allocate', '{}'),
  { ...get('GameServer that is Allocated', '/gameserver'), state: 'Allocated' },
  send('Ready after a match', 'POST', '/ready', '{}'),
  { ...get('GameServer that is Ready', '/gameserver'), state: 'Ready' },
];

const BODIES: Readonly<Record<string, string>> = {
  'no JSON': 'nope',
  'half a body': '{"key":',
  'a list': '[1,2]',
  null: 'null',
  'a number': '1',
  'a text': '"key"',
  empty: '',
  'a wrong type': '{"key":1,"value":[],"seconds":{},"count":"x","countDiff":true,"playerID":7}',
  'a fraction': '{"seconds":0.5,"count":0.5,"countDiff":0.5}',
  'too large a number': '{"seconds":1e30,"count":1e30,"countDiff":1e30}',
  'a field too many': '{"zz":{"a":[{}]}}',
  'two bodies': '{} {}',
};

/** Every call that takes a body, without those whose success would change the state of the game server. */
const TARGETS: readonly (readonly [string, string])[] = [
  ['POST', '/health'],
  ['PUT', '/metadata/label'],
  ['PUT', '/metadata/annotation'],
  ['PATCH', '/v1beta1/counters/rooms'],
  ['POST', '/v1beta1/lists/players:addValue'],
  ['POST', '/v1beta1/lists/players:removeValue'],
  ['PATCH', '/v1beta1/lists/players?updateMask=values'],
  ['PUT', '/alpha/player/capacity'],
  ['POST', '/alpha/player/connect'],
];
/** Those that change it are sent only what is refused. */
const STATE_TARGETS = ['/ready', '/allocate', '/shutdown', '/reserve'];
const REFUSED = ['no JSON', 'half a body', 'a list', 'null', 'a number', 'a text'];

const sendBare = (name: string, method: string, path: string, body?: string): SdkRequest => ({
  name,
  method,
  path,
  ...(body === undefined ? {} : { body }),
});

export const MALFORMED_REQUESTS: readonly SdkRequest[] = [
  ...TARGETS.flatMap(([method, path]) =>
    Object.entries(BODIES).map(([what, body]) => sendBare(`${method} ${path}: ${what}`, method, path, body)),
  ),
  ...STATE_TARGETS.flatMap((path) => REFUSED.map((what) => sendBare(`POST ${path}: ${what}`, 'POST', path, BODIES[what]))),
  ...['', '/', '/nope', '/ready/', '//ready', '/Ready', '/v1beta1', '/v1beta1/lists', '/v1beta1/counters/a/b', '/alpha/player'].map(
    (path) => sendBare(`GET ${path || '(nothing)'}`, 'GET', path || '/'),
  ),
  ...['DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS'].flatMap((method) =>
    ['/ready', '/gameserver', '/v1beta1/lists/players', '/watch/gameserver'].map((path) => sendBare(`${method} ${path}`, method, path)),
  ),
  sendBare('an escaped path', 'GET', '/game%73erver?x=1'),
  sendBare('an escaped name', 'GET', '/v1beta1/counters/r%6Foms'),
];
