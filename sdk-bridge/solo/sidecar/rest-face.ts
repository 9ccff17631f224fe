/** The SDK's REST face: calls, the watch as chunks, and everything once more over WebSocket. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';

import { answerRest, type RestRequest } from './rest-calls.ts';
import { watchLine } from '../../surface/rest-game-server.ts';
import { sdkGameServer } from './sdk-game-server.ts';
import type { SdkServer } from './sdk-server.ts';
import type { SidecarGameServer } from './sidecar-game-server.ts';

const WATCH = '/watch/gameserver';
const BODY_MAX = 4 * 1024 * 1024;
/** The real proxy reads lines of at most this many bytes, and drops the socket at a longer one. */
const FRAME_MAX = 64 * 1024;
const JSON_TYPE = 'application/json';
const TRANSLATED = { 'content-type': JSON_TYPE, 'grpc-metadata-content-type': 'application/grpc' };

export function restFace(sdk: SdkServer): Server {
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer((request, response) => void serve(sdk, request, response));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => serveSocket(sdk, request, webSocket));
  });
  server.on('close', () => {
    for (const socket of sockets.clients) socket.terminate();
  });
  return server;
}

async function serve(sdk: SdkServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const asked = await readRequest(request);
    if (asked.method === 'GET' && asked.path === WATCH) return streamChanges(sdk, request, response);
    const { status, body, isSuccess } = answerRest(sdk, asked);
    const headers = isSuccess ? TRANSLATED : body === '' ? {} : { 'content-type': JSON_TYPE };
    response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body);
  } catch {
    response.writeHead(500).end();
  }
}

function streamChanges(sdk: SdkServer, request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, TRANSLATED);
  const stop = sdk.watch((gameServer) => response.write(`${resultOf(gameServer)}\n`));
  request.on('close', stop);
}

/** Whatever the path, the socket opens; then it is the answer of a GET, one frame a line. */
function serveSocket(sdk: SdkServer, request: IncomingMessage, socket: WebSocket): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sdk');
  if (pathname !== WATCH) {
    const { body } = answerRest(sdk, { method: 'GET', path: pathname, query: searchParams, body: '' });
    socket.send(body, () => socket.terminate());
    return;
  }
  const stop = sdk.watch((gameServer) => {
    const frame = resultOf(gameServer);
    if (Buffer.byteLength(frame) >= FRAME_MAX) socket.terminate();
    else socket.send(frame);
  });
  socket.on('close', stop);
  socket.on('error', () => socket.terminate());
}

const resultOf = (gameServer: SidecarGameServer): string => watchLine(sdkGameServer(gameServer));

async function readRequest(request: IncomingMessage): Promise<RestRequest> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sdk');
  let body = '';
  request.setEncoding('utf8');
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > BODY_MAX) throw new Error('the body of a call is too large');
  }
  return { method: request.method ?? 'GET', path: pathname, query: searchParams, body };
}
