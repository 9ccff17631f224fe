/** The calls of the SDK's REST face: path and method to what the SDK does (answers as recorded in `sdk-rest.json`). */
import type { CounterAsk } from './counts.ts';
import { badMask, LIST_FIELDS } from './list-mask.ts';
import { BodyFault, messageOf, numberIn, objectsIn, textIn, type Message, type Values } from '../../surface/rest-body.ts';
import { restGameServer } from '../../surface/rest-game-server.ts';
import { restCounter, restList } from './rest-counts.ts';
import { sdkGameServer } from './sdk-game-server.ts';
import { GRPC_INVALID_ARGUMENT, GRPC_NOT_FOUND, GRPC_UNIMPLEMENTED, invalidArgument, SdkError, unknown } from './sdk-error.ts';
import type { SdkServer } from './sdk-server.ts';

export interface RestRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

export interface RestAnswer {
  readonly status: number;
  readonly body: string;
  /** Success carries the header in which the gateway says what it translated. */
  readonly isSuccess: boolean;
}

/** An answer that is JSON already. */
class Written {
  readonly json: string;

  constructor(json: string) {
    this.json = json;
  }
}

interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly call: (sdk: SdkServer, request: RestRequest, names: readonly string[]) => unknown;
}

const NOTHING: Message = {};
const KEY_VALUE: Message = { key: 'string', value: 'string' };
const LIST_VALUE: Message = { name: 'string', value: 'string' };
const LIST: Message = { name: 'string', capacity: 'int64', values: 'strings' };
const COUNTER: Message = { name: 'string', count: 'boxed-int64', capacity: 'boxed-int64', countDiff: 'int64' };

const state = (path: string, change: (sdk: SdkServer) => void): Route => ({
  method: 'POST',
  path: new RegExp(`^/${path}$`),
  call: (sdk, { body }) => {
    messageOf(NOTHING, body);
    change(sdk);
    return {};
  },
});

const metadata = (path: string, set: (sdk: SdkServer, key: string, value: string) => void): Route => ({
  method: 'PUT',
  path: new RegExp(`^/metadata/${path}$`),
  call: (sdk, { body }) => {
    const values = messageOf(KEY_VALUE, body);
    set(sdk, textIn(values, 'key'), textIn(values, 'value'));
    return {};
  },
});

const PLAYER: Message = { playerID: 'string' };

/** An alpha, which refuses every call while it is off. */
const player = (
  method: string,
  path: string,
  message: Message,
  call: (sdk: SdkServer, values: Values, name: string) => unknown,
): Route => ({
  method,
  path: new RegExp(`^/alpha/player/${path}$`),
  call: (sdk, { body }, [name = '']) => call(sdk, messageOf(message, body), name),
});

const ROUTES: readonly Route[] = [
  state('ready', (sdk) => sdk.ready()),
  state('allocate', (sdk) => sdk.allocate()),
  state('shutdown', (sdk) => sdk.shutdown()),
  {
    method: 'POST',
    path: /^\/reserve$/,
    call: (sdk, { body }) => {
      sdk.reserve(Number(numberIn(messageOf({ seconds: 'int64' }, body), 'seconds')));
      return {};
    },
  },
  {
    method: 'POST',
    path: /^\/health$/,
    call: (sdk, { body }) => {
      for (let pings = objectsIn(body); pings > 0; pings -= 1) sdk.ping();
      return {};
    },
  },
  { method: 'GET', path: /^\/gameserver$/, call: (sdk) => new Written(restGameServer(sdkGameServer(sdk.gameServer))) },
  metadata('label', (sdk, key, value) => sdk.setLabel(key, value)),
  metadata('annotation', (sdk, key, value) => sdk.setAnnotation(key, value)),
  {
    method: 'GET',
    path: /^\/v1beta1\/counters\/([^/]*)$/,
    call: (sdk, _request, [name = '']) => restCounter(name, sdk.getCounter(name)),
  },
  {
    method: 'PATCH',
    path: /^\/v1beta1\/counters\/([^/]*)$/,
    call: (sdk, { body }, [name = '']) => restCounter(name, sdk.updateCounter(name, counterAskOf(messageOf(COUNTER, body)))),
  },
  {
    method: 'POST',
    path: /^\/v1beta1\/lists\/([^/:]*):addValue$/,
    call: (sdk, { body }, [name = '']) => restList(name, sdk.addListValue(name, textIn(messageOf(LIST_VALUE, body), 'value'))),
  },
  {
    method: 'POST',
    path: /^\/v1beta1\/lists\/([^/:]*):removeValue$/,
    call: (sdk, { body }, [name = '']) => restList(name, sdk.removeListValue(name, textIn(messageOf(LIST_VALUE, body), 'value'))),
  },
  {
    method: 'GET',
    path: /^\/v1beta1\/lists\/([^/]*)$/,
    call: (sdk, _request, [name = '']) => restList(name, sdk.getList(name)),
  },
  { method: 'PATCH', path: /^\/v1beta1\/lists\/([^/]*)$/, call: updateList },
  player('PUT', 'capacity', { count: 'int64' }, ({ players }, values) => {
    players.setCapacity(Number(numberIn(values, 'count')));
    return {};
  }),
  player('GET', 'capacity', NOTHING, ({ players }) => ({ count: String(players.capacity) })),
  player('GET', 'count', NOTHING, ({ players }) => ({ count: String(players.connected.length) })),
  player('POST', 'connect', PLAYER, ({ players }, values) => ({ bool: players.connect(textIn(values, 'playerID')) })),
  player('POST', 'disconnect', PLAYER, ({ players }, values) => ({ bool: players.disconnect(textIn(values, 'playerID')) })),
  player('GET', 'connected', NOTHING, ({ players }) => ({ list: players.connected })),
  player('GET', 'connected/([^/]*)', NOTHING, ({ players }, _values, name) => ({ bool: players.connected.includes(name) })),
  // Answered by whoever holds the connection; here so that another method is refused as known.
  { method: 'GET', path: /^\/watch\/gameserver$/, call: () => ({}) },
];

const HTTP_STATUS: Readonly<Record<number, number>> = {
  [GRPC_INVALID_ARGUMENT]: 400,
  [GRPC_NOT_FOUND]: 404,
  [GRPC_UNIMPLEMENTED]: 501,
};

/** Answers everything but the watch. */
export function answerRest(sdk: SdkServer, request: RestRequest): RestAnswer {
  // The gateway opens a stream for these and reads nothing: it closes without a word.
  const isEmptyPing = request.path === '/health' && (request.method === 'GET' || (request.method === 'POST' && request.body === ''));
  if (isEmptyPing) return { status: 400, body: '', isSuccess: false };
  try {
    const answer = called(sdk, request);
    return { status: 200, body: answer instanceof Written ? answer.json : JSON.stringify(answer), isSuccess: true };
  } catch (cause) {
    const error = cause instanceof BodyFault ? invalidArgument(cause.message) : cause;
    if (!(error instanceof SdkError)) throw error;
    return { status: HTTP_STATUS[error.code] ?? 500, body: restError(error.code, error.message), isSuccess: false };
  }
}

export const restError = (code: number, message: string): string => JSON.stringify({ code, message, details: [] });

function called(sdk: SdkServer, request: RestRequest): unknown {
  const path = decodeURI(request.path);
  const routes = ROUTES.filter((route) => route.path.test(path));
  const route = routes.find(({ method }) => method === request.method);
  if (route !== undefined) return route.call(sdk, request, route.path.exec(path)?.slice(1) ?? []);
  throw routes.length > 0 ? new SdkError(GRPC_UNIMPLEMENTED, 'Method Not Allowed') : new SdkError(GRPC_NOT_FOUND, 'Not Found');
}

function updateList(sdk: SdkServer, { body, query }: RestRequest): unknown {
  const values = messageOf(LIST, body);
  const asked = query.get('updateMask') ?? query.get('update_mask');
  const foreign = asked === null ? fieldsOf(body).find((field) => !LIST_FIELDS.includes(field)) : undefined;
  if (foreign !== undefined) {
    throw invalidArgument(`could not find field ${JSON.stringify(foreign)} in "agones.dev.sdk.beta.List"`);
  }
  const mask = asked === null ? Object.keys(values) : asked.split(',');
  if (mask.length === 0 || mask.some((field) => !LIST_FIELDS.includes(field))) {
    throw unknown(badMask(mask));
  }
  return sdk.updateList();
}

function fieldsOf(body: string): string[] {
  return body.trim() === '' ? [] : Object.keys(Object(JSON.parse(body)));
}

function counterAskOf(values: Values): CounterAsk {
  const { count, capacity } = values;
  return {
    ...(typeof count === 'bigint' ? { count } : {}),
    ...(typeof capacity === 'bigint' ? { capacity } : {}),
    countDiff: numberIn(values, 'countDiff'),
  };
}
