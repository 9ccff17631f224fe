/**
 * A small client of the Kubernetes API on plain `node:https`. The published client costs some 60 MB of memory, and one
 * of these runs beside every game server.
 */
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';

import type { KubeConnection } from './kube-connection.ts';

export type Verb = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface KubeRequest {
  readonly method: Verb;
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  /** `application/json` unless told; the type of a PATCH says what kind of patch it is. */
  readonly contentType?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** The API server answered, but not with success. */
export class KubeError extends Error {
  readonly status: number;
  readonly reason: string;
  readonly body: unknown;

  constructor(status: number, reason: string, message: string, body: unknown) {
    super(message);
    this.name = 'KubeError';
    this.status = status;
    this.reason = reason;
    this.body = body;
  }
}

/** Whether an error says that the object is not there. */
export const isNotFound = (error: unknown): boolean => error instanceof KubeError && error.status === 404;

/** Whether an error says that somebody else wrote in between, or that the object exists already. */
export const isConflict = (error: unknown): boolean => error instanceof KubeError && error.status === 409;

export interface WatchLine {
  readonly type: string;
  readonly object: unknown;
}

const DEFAULT_TIMEOUT_MS = 10_000;

export class KubeClient {
  readonly #connection: KubeConnection;
  readonly #agent: Agent;

  constructor(connection: KubeConnection) {
    this.#connection = connection;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 100,
      ...(connection.ca === undefined ? {} : { ca: connection.ca }),
      ...(connection.clientCertificate === undefined ? {} : { cert: connection.clientCertificate }),
      ...(connection.clientKey === undefined ? {} : { key: connection.clientKey }),
      rejectUnauthorized: !connection.insecure,
    });
  }

  /** Sends one request and parses the answer; throws a `KubeError` for anything but success. */
  async send(asked: KubeRequest): Promise<unknown> {
    const deadline = AbortSignal.timeout(asked.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const signal = asked.signal === undefined ? deadline : AbortSignal.any([asked.signal, deadline]);
    const response = await this.#open(asked, signal);
    const text = await textOf(response);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return text === '' ? undefined : JSON.parse(text);
    throw kubeError(status, text);
  }

  /** The lines of a watch until the server ends it or the signal aborts it. */
  async *watch(path: string, signal: AbortSignal): AsyncGenerator<WatchLine> {
    const response = await this.#open({ method: 'GET', path }, signal);
    const status = response.statusCode ?? 0;
    if (status !== 200) throw kubeError(status, await textOf(response));
    response.setEncoding('utf8');
    let rest = '';
    for await (const chunk of response) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') yield watchLine(JSON.parse(line));
    }
  }

  /** Lets go of idle connections. */
  close(): void {
    this.#agent.destroy();
  }

  #open(asked: KubeRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const body = asked.body === undefined ? undefined : JSON.stringify(asked.body);
    return new Promise((resolve, reject) => {
      const sent = request(
        `${this.#connection.server}${asked.path}`,
        {
          method: asked.method,
          agent: this.#agent,
          signal,
          headers: {
            accept: 'application/json',
            ...(this.#connection.token === undefined ? {} : { authorization: `Bearer ${this.#connection.token}` }),
            ...(body === undefined
              ? {}
              : { 'content-type': asked.contentType ?? 'application/json', 'content-length': Buffer.byteLength(body) }),
          },
        },
        resolve,
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}

function watchLine(value: unknown): WatchLine {
  if (typeof value === 'object' && value !== null && 'type' in value && 'object' in value) {
    return { type: String(value.type), object: value.object };
  }
  throw new Error('a line of a watch is not an event');
}

function kubeError(status: number, text: string): KubeError {
  const body = parsedOrText(text);
  const isObject = typeof body === 'object' && body !== null;
  const message = isObject && 'message' in body ? String(body.message) : text.slice(0, 300);
  const reason = isObject && 'reason' in body ? String(body.reason) : '';
  return new KubeError(status, reason, message === '' ? `the API server answered ${status}` : message, body);
}

function parsedOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
