/** The HTTPS listener that the API server dials: webhooks and the aggregated API, and the door for misbehaviour. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import { ALLOCATION_DISCOVERY, answerAllocation, type Allocate, type AllocationAnswer } from './allocation/allocation-api.ts';
import { CONTENTION } from './allocation/allocation.ts';
import type { Log } from './log.ts';
import { misbehaviourOf, WELL_BEHAVED, type Misbehaviour } from './misbehaviour.ts';
import { judged, mutated } from './webhooks/admission.ts';

export interface ServingCertificate {
  readonly cert: string;
  readonly key: string;
}

const BODY_MAX = 4 * 1024 * 1024;
const ALLOCATIONS = /^\/apis\/allocation\.agones\.dev\/v1\/namespaces\/([^/]+)\/gameserverallocations$/;
const JSON_TYPE = 'application/json';

export class StandInServer {
  readonly #server: Server;
  readonly #allocate: Allocate;
  readonly #log: Log;
  readonly #now: () => Date;
  readonly #sockets = new Set<Duplex>();
  #misbehaviour: Misbehaviour = WELL_BEHAVED;
  #isClosing = false;

  constructor(certificate: ServingCertificate, allocate: Allocate, log: Log, now: () => Date) {
    this.#allocate = allocate;
    this.#log = log;
    this.#now = now;
    this.#server = createServer({ ...certificate }, (request, response) => void this.#serve(request, response));
    this.#server.on('connection', (socket) => {
      // A connection that is still shaking hands is none that the server could close by itself.
      if (this.#isClosing) socket.destroy();
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  get misbehaviour(): Misbehaviour {
    return this.#misbehaviour;
  }

  /** Listens on loopback, at a free port when `port` is 0; says at which. */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { status, contentType, body } = await this.#answer(request);
      response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-cache, private' }).end(body);
    } catch (error) {
      this.#log.error('a request to the stand-in could not be answered', { path: request.url, error });
      response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' }).end('the stand-in failed\n');
    }
  }

  async #answer(request: IncomingMessage): Promise<AllocationAnswer> {
    const path = new URL(request.url ?? '/', 'https://stand-in').pathname;
    const { method = 'GET' } = request;
    if (method !== 'POST' && ALLOCATIONS.test(path)) return { ...notFound(), status: 405, body: 'Method not supported\n' };
    if (method === 'GET') {
      const document = path === '/misbehaviour' ? this.#misbehaviour : ALLOCATION_DISCOVERY[path];
      if (path === '/healthz') return { status: 200, contentType: 'text/plain', body: 'ok' };
      return document === undefined ? notFound() : json(200, document);
    }
    const text = await bodyOf(request);
    if (method === 'POST' && path === '/mutate') return json(200, mutated(JSON.parse(text)));
    if (method === 'POST' && path === '/validate') return json(200, judged(JSON.parse(text), this.#now()));
    if (method === 'PUT' && path === '/misbehaviour') return this.#misbehave(text);
    const namespace = ALLOCATIONS.exec(path)?.[1];
    if (method !== 'POST' || namespace === undefined) return notFound();
    return await this.#answerAllocation(request, namespace, text);
  }

  async #answerAllocation(request: IncomingMessage, namespace: string, text: string): Promise<AllocationAnswer> {
    const { 'content-type': contentType = '', accept = '' } = request.headers;
    const { commitLateMs, answerLateMs } = this.#misbehaviour;
    if (commitLateMs > 0) await sleep(commitLateMs);
    if (this.#spend('failBeforeCommit')) return UPDATE_FAILED;
    const allocate = this.#spend('contention') ? () => Promise.resolve(CONTENTION) : this.#allocate;
    const answer = await answerAllocation(namespace, contentType, accept, text, allocate, this.#now);
    if (answerLateMs > 0) await sleep(answerLateMs);
    if (answer.status !== 201) return answer;
    if (this.#spend('dropAfterCommit')) request.socket.destroy();
    return this.#spend('failAfterCommit') ? UPDATE_FAILED : answer;
  }

  /** Whether one of those that were ordered is left, and now is not. */
  #spend(what: 'failBeforeCommit' | 'failAfterCommit' | 'dropAfterCommit' | 'contention'): boolean {
    const left = this.#misbehaviour[what];
    if (left > 0) this.#misbehaviour = { ...this.#misbehaviour, [what]: left - 1 };
    return left > 0;
  }

  #misbehave(text: string): AllocationAnswer {
    const change = misbehaviourOf(JSON.parse(text));
    if (change === undefined) return { status: 400, contentType: 'text/plain', body: 'not a misbehaviour\n' };
    this.#misbehaviour = { ...this.#misbehaviour, ...change };
    this.#log.warn('the stand-in was told to misbehave', { ...this.#misbehaviour });
    return json(200, this.#misbehaviour);
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > BODY_MAX) throw new Error('the body of a request is too large');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What Agones answers when it could not write the game server that it had chosen. */
const UPDATE_FAILED: AllocationAnswer = {
  status: 500,
  contentType: 'text/plain; charset=utf-8',
  body: 'error updating allocated gameserver\n',
};

const json = (status: number, body: unknown): AllocationAnswer => ({ status, contentType: JSON_TYPE, body: JSON.stringify(body) });

const notFound = (): AllocationAnswer => ({ status: 404, contentType: 'text/plain; charset=utf-8', body: '404 page not found\n' });
