/**
 * Agones' REST surface, as its sidecar serves it, so that Unreal's Agones plugin and any other SDK work unchanged. Answers are
 * those recorded of a real one; what differs is what happens behind them: Ready is earned, Shutdown ends a session in order.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { status as Code } from '@grpc/grpc-js';
import type { AgonesClient } from '../agones/agones-client.ts';
import { restView, type GameServer } from '../agones/game-server.ts';
import type { GameServerWatch } from '../agones/game-server-watch.ts';
import { readRestBody, type BodyFields, type FieldType } from './rest-body.ts';

/** What a state call of the game server means here. Each resolves when it is taken, not when it is carried out, as with Agones. */
export interface StateCalls {
  ready(): Promise<void>;
  shutdown(): Promise<void>;
  allocate(): Promise<void>;
  /** @param seconds a decimal number. */
  reserve(seconds: string): Promise<void>;
  health(): void;
}

export interface RestParts {
  readonly calls: StateCalls;
  readonly client: Pick<AgonesClient, 'setLabel' | 'setAnnotation' | 'getGameServer'>;
  readonly watch: GameServerWatch;
}

interface Route {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly fields?: Readonly<Record<string, FieldType>>;
  /** `/health` is a stream in gRPC, and none without a first message. */
  readonly needsBody?: boolean;
  readonly answer: (fields: BodyFields, response: ServerResponse) => Promise<void>;
}

const BODY_BYTES = 4 * 1024 * 1024;
const KEY_VALUE = { key: 'string', value: 'string' } as const;
/** gRPC code → HTTP status, as grpc-gateway has it. */
const HTTP_STATUS: Readonly<Record<number, number>> = {
  [Code.INVALID_ARGUMENT]: 400,
  [Code.NOT_FOUND]: 404,
  [Code.UNIMPLEMENTED]: 501,
  [Code.UNAVAILABLE]: 503,
  [Code.DEADLINE_EXCEEDED]: 504,
};

/** Answers a request to one of Agones' paths, or any path that is nobody's. */
export function createRestSurface({
  calls,
  client,
  watch,
}: RestParts): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const text = (fields: BodyFields, name: string) => fields[name] ?? '';
  const done = (work: (fields: BodyFields) => Promise<void> | void) => async (fields: BodyFields, response: ServerResponse) => {
    await work(fields);
    succeed(response, {});
  };
  const routes: Readonly<Record<string, Route>> = {
    '/ready': { method: 'POST', answer: done(() => calls.ready()) },
    '/allocate': { method: 'POST', answer: done(() => calls.allocate()) },
    '/shutdown': { method: 'POST', answer: done(() => calls.shutdown()) },
    '/reserve': { method: 'POST', fields: { seconds: 'int64' }, answer: done((fields) => calls.reserve(text(fields, 'seconds') || '0')) },
    '/health': { method: 'POST', needsBody: true, answer: done(() => calls.health()) },
    '/metadata/label': {
      method: 'PUT',
      fields: KEY_VALUE,
      answer: done((fields) => client.setLabel(text(fields, 'key'), text(fields, 'value'))),
    },
    '/metadata/annotation': {
      method: 'PUT',
      fields: KEY_VALUE,
      answer: done((fields) => client.setAnnotation(text(fields, 'key'), text(fields, 'value'))),
    },
    '/gameserver': { method: 'GET', answer: async (_fields, response) => succeed(response, restView(await newest(watch, client))) },
    '/watch/gameserver': { method: 'GET', answer: async (_fields, response) => streamUpdates(watch, response) },
  };

  return async (request, response) => {
    try {
      const route = routes[new URL(request.url ?? '/', 'http://bridge').pathname];
      if (route === undefined) return fail(response, 404, Code.NOT_FOUND, 'Not Found');
      // Recorded: a GET of /health falls through to the stream's want of a body.
      if (route.needsBody === true && request.method === 'GET') return void response.writeHead(400).end();
      if (request.method !== route.method) return fail(response, 501, Code.UNIMPLEMENTED, 'Method Not Allowed', request.method === 'HEAD');
      const reading = readRestBody(route.method === 'GET' ? '' : await bodyOf(request), route.fields ?? {});
      if (reading.kind === 'fault') return fail(response, 400, Code.INVALID_ARGUMENT, reading.message);
      if (reading.kind === 'empty' && route.needsBody === true) return void response.writeHead(400).end();
      await route.answer(reading.kind === 'fields' ? reading.fields : {}, response);
    } catch (cause) {
      const { code, details } = serviceFault(cause);
      fail(response, HTTP_STATUS[code] ?? 500, code, details);
    }
  };
}

/** The watch's newest word; while it is interrupted, Agones is asked. */
export async function newest(watch: GameServerWatch, client: Pick<AgonesClient, 'getGameServer'>): Promise<GameServer> {
  return (watch.live() ? watch.current() : undefined) ?? (await client.getGameServer());
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES)
      throw Object.assign(new Error('too large'), { code: Code.RESOURCE_EXHAUSTED, details: 'the body is too large' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Chunked: one line per update, until the caller goes. */
function streamUpdates(watch: GameServerWatch, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json', 'grpc-metadata-content-type': 'application/grpc' });
  response.flushHeaders();
  const stop = watch.listen((gameServer) => response.write(`${JSON.stringify({ result: restView(gameServer) })}\n`));
  response.once('close', stop);
}

function succeed(response: ServerResponse, body: unknown): void {
  response
    .writeHead(200, { 'content-type': 'application/json', 'grpc-metadata-content-type': 'application/grpc' })
    .end(JSON.stringify(body));
}

function fail(response: ServerResponse, status: number, code: number, message: string, bare = false): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { 'content-type': 'application/json' }).end(bare ? '' : JSON.stringify({ code, message, details: [] }));
}

/** A gRPC error as it came, or `UNKNOWN`. */
export function serviceFault(cause: unknown): { code: number; details: string } {
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'number') {
    return { code: cause.code, details: 'details' in cause && typeof cause.details === 'string' ? cause.details : cause.message };
  }
  return { code: Code.UNKNOWN, details: cause instanceof Error ? cause.message : String(cause) };
}
