/**
 * The stream of news over WebSocket (`contracts/bridge-api/stream.ts`). Nothing is kept for a reader who is slow: of each subject the
 * newest is told once the message before it is on its way, so that a socket holds one message a subject at most.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { AppError, problemOf } from '../../contracts/app-error.ts';
import { STREAM_PATH, STREAM_PROTOCOL, type StreamMessage } from '../../contracts/bridge-api/stream.ts';
import { jsonText } from '../../contracts/json-text.ts';
import type { Log } from '../../runtime/log.ts';
import type { Subjects } from './news.ts';
import { readPosition, writePosition, type Position } from './position.ts';

export interface StreamSockets {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** A request that asks for no WebSocket. */
  answer(response: ServerResponse): void;
  close(): void;
}

export interface StreamParts {
  readonly news: Subjects;
  readonly gameServer: string;
  readonly log: Log;
  /** Between two signs of life, in both directions. */
  readonly aliveMs?: number;
}

/** A reader who answers no ping until the next one is gone: a killed process is seen at once, and a machine cannot vanish on loopback. */
const ALIVE_MS = 10_000;
/** One game server has one; a test or an engineer who looks on has another. */
const MOST_SOCKETS = 16;
const SUBJECTS = ['session', 'notices', 'acks'] as const satisfies readonly (keyof Position)[];

export function createStreamSockets({ news, gameServer, log, aliveMs = ALIVE_MS }: StreamParts): StreamSockets {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    // A reader has nothing to say.
    maxPayload: 4 * 1024,
    handleProtocols: (offered) => offered.has(STREAM_PROTOCOL) && STREAM_PROTOCOL,
  });
  const answered = new WeakSet<WebSocket>();
  const judge = () => {
    for (const socket of sockets.clients) {
      if (!answered.delete(socket)) {
        log.warn('the reader of the stream is silent; it is let go');
        socket.terminate();
        continue;
      }
      socket.ping();
      // Who has not read the last message yet hears the next one soon enough.
      if (socket.bufferedAmount === 0) socket.send(JSON.stringify({ type: 'alive' } satisfies StreamMessage));
    }
  };
  // Where this process was held up itself, answers have come meanwhile, and are read before anybody is judged.
  const beat = setInterval(() => setImmediate(judge), aliveMs).unref();

  const serve = (socket: WebSocket, since: string | null) => {
    const gone = new AbortController();
    socket.on('error', () => socket.terminate());
    socket.once('close', (code) => {
      gone.abort();
      log.info('the stream is over', { code });
    });
    answered.add(socket);
    socket.on('pong', () => answered.add(socket));
    log.info('the stream is open', { since: since ?? 'the beginning' });
    let position = readPosition(since);
    const follow = async (subject: keyof Position) => {
      for (;;) {
        const found = await news[subject](position[subject], gone.signal);
        if (found === undefined) return;
        position = { ...position, [subject]: found.version };
        await tell(socket, { ...found.message, position: writePosition(position) });
      }
    };
    const welcomed = tell(socket, { type: 'welcome', gameServer, aliveSeconds: aliveMs / 1_000 });
    Promise.all([welcomed, ...SUBJECTS.map(follow)]).catch((cause: unknown) => {
      if (gone.signal.aborted) return;
      // The reader comes again, and asks by held calls meanwhile.
      log.warn('the stream broke', { cause });
      socket.terminate();
    });
  };

  return {
    upgrade: (request, socket, head) => {
      const refusal = refusalOf(request, sockets.clients.size);
      if (refusal !== undefined) return refuse(socket, refusal);
      const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
      sockets.handleUpgrade(request, socket, head, (opened) => serve(opened, searchParams.get('since')));
    },
    answer: (response) => {
      const detail = `${STREAM_PATH} is a WebSocket of the subprotocol ${STREAM_PROTOCOL}; /session, /notices and /acks tell the same by held calls`;
      response.writeHead(426, { 'content-type': PROBLEM_TYPE, upgrade: 'websocket', connection: 'upgrade' });
      response.end(JSON.stringify({ type: 'about:blank', title: 'upgrade-required', status: 426, code: 'upgrade_required', detail }));
    },
    close: () => {
      clearInterval(beat);
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    },
  };
}

/** Resolves once the message is on its way. */
function tell(socket: WebSocket, message: StreamMessage): Promise<void> {
  return new Promise((resolve, reject) => socket.send(jsonText(message), (cause) => (cause ? reject(cause) : resolve())));
}

/**
 * A browser lets any page open a WebSocket to this machine, and says whose page it is. The engine's WebSockets say the host that they
 * call, with or without a scheme, or nothing.
 */
function refusalOf({ headers }: IncomingMessage, open: number): AppError | undefined {
  const { origin } = headers;
  if (origin !== undefined && !/^(https?:\/\/)?(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(origin)) {
    return new AppError('forbidden', 'origin_foreign', 'a page from elsewhere has no business with this game server');
  }
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  if (!offered.includes(STREAM_PROTOCOL)) {
    return new AppError('invalid', 'protocol_unknown', `offer the subprotocol ${STREAM_PROTOCOL}; the bridge speaks no other`);
  }
  if (open >= MOST_SOCKETS) {
    return new AppError('unavailable', 'too_many_streams', `${MOST_SOCKETS} streams are open; close one`, { retryAfter: 10 });
  }
  return undefined;
}

const PROBLEM_TYPE = 'application/problem+json';

function refuse(socket: Duplex, error: AppError): void {
  const problem = problemOf(error);
  const body = JSON.stringify(problem);
  socket.on('error', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.title}\r\nConnection: close\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
