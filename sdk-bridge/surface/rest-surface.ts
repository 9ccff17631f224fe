/**
 * Agones' REST surface, so that Unreal's Agones plugin and any other SDK work unchanged. What the bridge has no opinion about is answered by
 * Agones' own sidecar; what it answers itself reads as recorded of a real one.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { status as Code } from '@grpc/grpc-js';
import type { GameServerWatch } from '../agones/game-server-watch.ts';
import type { QueuedChange } from '../agones/queued-change.ts';
import type { QueuedChanges } from './queued-changes.ts';
import { BodyFault, messageOf, numberIn, objectsIn, textIn, type Message, type Values } from './rest-body.ts';
import { restGameServer, watchLine } from './rest-game-server.ts';
import type { StateCalls } from './state-calls.ts';
import { NoAnswer, type Answer, type Asked, type Upstream } from './upstream.ts';

export interface RestParts {
  readonly calls: StateCalls;
  readonly changes: QueuedChanges;
  readonly watch: Pick<GameServerWatch, 'current' | 'listen'>;
  readonly upstream: Pick<Upstream, 'forward'>;
}

export interface RestSurface {
  /** Answers a request to one of Agones' paths, or to a path that is nobody's. */
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Everything but the watch. Never rejects. */
  answer(asked: Asked): Promise<Answer>;
}

/** Longer than any request that could be granted: a line of the watch is at most 64 KiB. */
const BODY_BYTES = 256 * 1024;
/** A reader of the watch who is this far behind is let go. */
const BEHIND_BYTES = 4 * 1024 * 1024;
const WATCH = '/watch/gameserver';
const JSON_TYPE = ['content-type', 'application/json'];
const TRANSLATED = [...JSON_TYPE, 'grpc-metadata-content-type', 'application/grpc'];
const KEY_VALUE: Message = { key: 'string', value: 'string' };

type Opinion = (body: string, asked: Asked) => Promise<Answer>;

export function createRestSurface({ calls, changes, watch, upstream }: RestParts): RestSurface {
  const state =
    (message: Message, act: (values: Values) => void | Promise<void>): Opinion =>
    async (body) => {
      await act(messageOf(message, body));
      return DONE;
    };
  const metadata =
    (kind: 'label' | 'annotation'): Opinion =>
    (body, asked) =>
      guarded(asked, () => {
        const values = messageOf(KEY_VALUE, body);
        return [{ kind, name: textIn(values, 'key'), value: textIn(values, 'value') }];
      });

  /** Passed on if the watch can bear it, and kept until it is written. A body that is no message is for Agones to refuse. */
  const guarded = async (asked: Asked, read: () => QueuedChange[]) => {
    const wished = readOrNothing(read);
    const refusal = changes.refusal(wished);
    if (refusal !== undefined) return failure(400, Code.INVALID_ARGUMENT, refusal);
    const answer = await upstream.forward(asked);
    if (answer.status === 200) changes.taken(wished);
    return answer;
  };

  const opinions: Readonly<Record<string, Opinion>> = {
    'POST /ready': state({}, () => calls.ready()),
    'POST /allocate': state({}, () => calls.allocate()),
    'POST /shutdown': state({}, () => calls.shutdown()),
    'POST /reserve': state({ seconds: 'int64' }, (values) => calls.reserve(numberIn(values, 'seconds'))),
    'POST /health': async (body) => {
      // Recorded: `/health` is a stream in gRPC, and none without a first message.
      if (objectsIn(body) === 0) return { status: 400, headers: [], body: '' };
      calls.health();
      return DONE;
    },
    'PUT /metadata/label': metadata('label'),
    'PUT /metadata/annotation': metadata('annotation'),
    'GET /gameserver': async (_body, asked) => {
      try {
        return await upstream.forward(asked);
      } catch (cause) {
        // While the sidecar is away, what it told last is still the newest there is.
        const known = watch.current();
        if (known === undefined) throw cause;
        return success(restGameServer(known));
      }
    },
  };

  const answer = async (asked: Asked): Promise<Answer> => {
    try {
      const path = decodedPath(asked.target);
      const opinion = opinions[`${asked.method} ${path}`];
      if (opinion !== undefined) return await opinion(asked.body.toString('utf8'), asked);
      const list = /^\/v1beta1\/lists\/([^/]*?)(:addValue|:removeValue)?$/.exec(path);
      if (list !== null && (asked.method === 'POST' || asked.method === 'PATCH')) {
        return await guarded(asked, () => listChanges(list[1] ?? '', list[2], asked));
      }
      return await upstream.forward(asked);
    } catch (cause) {
      return faultAnswer(cause);
    }
  };

  return {
    answer,
    serve: async (request, response) => {
      response.on('error', () => response.destroy());
      if (request.method === 'GET' && decodedPath(request.url ?? '/') === WATCH) return streamUpdates(watch, response);
      const body = await bodyOf(request).catch(() => undefined);
      if (body === undefined) return void response.destroy();
      const given =
        body === 'too large'
          ? failure(413, Code.RESOURCE_EXHAUSTED, `too large: a body has at most ${BODY_BYTES} bytes`)
          : await answer({ method: request.method ?? 'GET', target: request.url ?? '/', headers: request.rawHeaders, body });
      write(response, given, request.method === 'HEAD');
    },
  };
}

/** As Agones matches it. One that is no path stays as it is, and meets nobody's. */
export function decodedPath(target: string): string {
  if (!/[%?#]/.test(target)) return target;
  const [path = ''] = target.split(/[?#]/, 1);
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

export function failure(status: number, code: number, message: string): Answer {
  return { status, headers: JSON_TYPE, body: JSON.stringify({ code, message, details: [] }) };
}

function success(body: string): Answer {
  return { status: 200, headers: TRANSLATED, body };
}

const DONE = success('{}');

function faultAnswer(cause: unknown): Answer {
  if (cause instanceof BodyFault) return failure(400, Code.INVALID_ARGUMENT, cause.message);
  if (!(cause instanceof NoAnswer)) return failure(500, Code.UNKNOWN, cause instanceof Error ? cause.message : 'unknown');
  return cause.late ? failure(504, Code.DEADLINE_EXCEEDED, cause.message) : failure(503, Code.UNAVAILABLE, cause.message);
}

function listChanges(list: string, verb: string | undefined, { method, body }: Asked): QueuedChange[] {
  const text = body.toString('utf8');
  if (method === 'POST') {
    if (verb === undefined) return [];
    const value = textIn(messageOf({ value: 'string' }, text), 'value');
    return [{ kind: verb === ':addValue' ? 'value-added' : 'value-removed', list, value }];
  }
  const { values } = messageOf({ values: 'strings' }, text);
  return Array.isArray(values) ? values.map((value: string) => ({ kind: 'value-added', list, value })) : [];
}

function readOrNothing(read: () => QueuedChange[]): QueuedChange[] {
  try {
    return read();
  } catch {
    return [];
  }
}

/** A body up to what the surface takes. @throws where one has no end. */
function bodyOf(request: IncomingMessage): Promise<Buffer | 'too large'> {
  // By events: an iterator over the request costs as much as all that is done with it.
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= BODY_BYTES) chunks.push(chunk);
      // The rest is read and thrown away, so that the answer is heard; who never comes to an end is cut off.
      else if (bytes > 64 * BODY_BYTES) request.destroy();
    });
    request.on('end', () => resolve(bytes > BODY_BYTES ? 'too large' : joined(chunks)));
    request.on('close', () => {
      if (!request.complete) reject(new Error('a body without end'));
    });
  });
}

function joined(chunks: readonly Buffer[]): Buffer {
  const [first] = chunks;
  return first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks);
}

/** Chunked: one line per update, until the caller goes. */
function streamUpdates(watch: RestParts['watch'], response: ServerResponse): void {
  response.writeHead(200, TRANSLATED);
  response.flushHeaders();
  const stop = watch.listen((gameServer) => {
    if (response.writableLength > BEHIND_BYTES) response.destroy();
    else response.write(`${watchLine(gameServer)}\n`);
  });
  response.once('close', stop);
}

function write(response: ServerResponse, { status, headers, body }: Answer, bare: boolean): void {
  if (response.destroyed || response.headersSent) return void response.destroy();
  response.writeHead(status, bare ? [...headers] : [...headers, 'content-length', `${Buffer.byteLength(body)}`]);
  response.end(bare ? undefined : body);
}
