/**
 * Requests to one Kubernetes API server: a deadline on each, watches as lines, and credentials that come back by themselves.
 *
 * A refused token (401) and a certificate that is not believed are met by looking the credentials up anew at once, and one
 * repeat: neither has had an effect, whatever the request was.
 */
import { request } from 'node:https';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { AppError } from '../../contracts/app-error.ts';
import { KubeConnections } from './kube-connections.ts';
import { fromKubeconfig, type Credentials, type CredentialSource } from './kube-credentials.ts';
import { answerError, Failed, failureOf } from './kube-errors.ts';

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  /** How the body of a PATCH is merged: by RFC 7386 (default), or by Kubernetes' rules, where lists have keys. */
  readonly patch?: 'merge' | 'strategic';
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface KubeAnswer {
  readonly status: number;
  /** Parsed JSON, or the text where it is none. */
  readonly body: unknown;
  /** Seconds, where the server says so. */
  readonly retryAfter?: number;
}

export interface WatchOptions {
  /** Without a byte for this long, bookmarks included, the connection counts as dead. */
  readonly silentMs?: number;
  /** The server has taken the watch up: from now on it tells. */
  readonly onOpen?: () => void;
  /** Something came. */
  readonly onHeard?: () => void;
}

export interface KubeApi {
  /** Resolves with whatever the server answered. @throws AppError when it did not; see `neverSent`. */
  send(request: KubeRequest): Promise<KubeAnswer>;
  /** Events of a watch until the server ends it or the signal aborts. @throws AppError `gone` on 410. */
  watch(path: string, signal: AbortSignal, options?: WatchOptions): AsyncGenerator<{ type: string; object: unknown }>;
  /** From now on these credentials; what is under way goes on with the old ones. */
  useCredentials(source: CredentialSource): void;
  close(): void;
}

/** Credentials are looked up again after this, off the path of requests. Milliseconds. */
const FRESH_MS = 30_000;
/** Least time between two look-ups that failures ask for. */
const RENEW_MS = 250;
const SILENT_MS = 90_000;

interface Identity {
  readonly credentials: Credentials;
  readonly connections: KubeConnections;
  readonly source: CredentialSource;
  readonly at: number;
}

/** By a kubeconfig; its current context by default. */
export function openKubeApi(file: string, context: string | undefined, now: () => number): KubeApi {
  return connectKubeApi(fromKubeconfig(file, context), now);
}

/** @param now milliseconds, for the age of the credentials. */
export function connectKubeApi(given: CredentialSource, now: () => number): KubeApi {
  let source = given;
  let identity: Identity | undefined;
  let lookingUp: Promise<Identity> | undefined;
  const open = new Set<KubeConnections>();

  const lookUp = async (refused?: Credentials): Promise<Identity> => {
    const from = source;
    const credentials = await from(refused);
    const same = identity !== undefined && isDeepStrictEqual(identity.credentials.tls, credentials.tls);
    if (identity !== undefined && !same) leave(identity.connections);
    const connections = same && identity !== undefined ? identity.connections : new KubeConnections(credentials.tls);
    open.add(connections);
    identity = { credentials, connections, source: from, at: now() };
    return identity;
  };
  const leave = (connections: KubeConnections) => {
    open.delete(connections);
    connections.leave();
  };
  const lookUpOnce = (refused?: Credentials) => (lookingUp ??= lookUp(refused).finally(() => (lookingUp = undefined)));

  const present = async (): Promise<Identity> => {
    if (identity === undefined || identity.source !== source) return lookUpOnce();
    // What we have serves until the new ones are there; an expired token is met by its 401.
    if (now() - identity.at >= FRESH_MS) lookUpOnce().catch(() => {});
    return identity;
  };
  /** False where nothing new is to be had. */
  const renewed = async (used: Identity): Promise<boolean> => {
    if (identity !== used) return true;
    if (now() - used.at < RENEW_MS) return false;
    return lookUpOnce(used.credentials).then(
      () => true,
      () => false,
    );
  };

  const answered = async (asked: KubeRequest, signal: AbortSignal): Promise<{ answer: IncomingMessage; done: () => void }> => {
    for (let tries = 1; ; tries += 1) {
      const used = await unlessAborted(present(), signal);
      const done = used.connections.use();
      try {
        const answer = await roundTrip(used, asked, signal);
        if (answer.statusCode !== 401 || tries > 1) return { answer, done };
        await textOf(answer);
        if (!(await unlessAborted(renewed(used), signal))) throw new Refused();
      } catch (cause) {
        done();
        if (cause instanceof Refused) throw new AppError('unauthenticated', 'cluster_token_refused', TOKEN_REFUSED, { cause });
        const again = cause instanceof Failed && cause.progress === 'connected' && tries === 1 && !signal.aborted;
        if (!again || !(await unlessAborted(renewed(used), signal))) throw cause;
      }
      done();
    }
  };

  return {
    send: async (asked) => {
      const deadline = AbortSignal.timeout(asked.timeoutMs);
      const signal = asked.signal === undefined ? deadline : AbortSignal.any([asked.signal, deadline]);
      try {
        const { answer, done } = await answered(asked, signal);
        try {
          const retryAfter = Number(answer.headers['retry-after'] ?? Number.NaN);
          const body = parsed(await textOf(answer));
          return { status: answer.statusCode ?? 0, body, ...(Number.isFinite(retryAfter) ? { retryAfter } : {}) };
        } finally {
          done();
        }
      } catch (cause) {
        throw failureOf(cause, deadline.aborted ? asked.timeoutMs : undefined);
      }
    },
    watch: async function* (path, signal, { silentMs = SILENT_MS, onOpen, onHeard } = {}) {
      const silence = new AbortController();
      const timer = setTimeout(() => silence.abort(), silentMs);
      const heard = () => {
        timer.refresh();
        onHeard?.();
      };
      let done: () => void = () => {};
      try {
        const opened = await answered({ method: 'GET', path, timeoutMs: 0 }, AbortSignal.any([signal, silence.signal]));
        done = opened.done;
        const { answer } = opened;
        if (answer.statusCode !== 200) throw answerError('watch', answer.statusCode ?? 0, parsed(await textOf(answer)));
        heard();
        onOpen?.();
        yield* eventsOf(answer, heard);
      } catch (cause) {
        if (silence.signal.aborted && !signal.aborted)
          throw new AppError('timeout', 'watch_silent', `the watch was silent for ${silentMs} ms`, { cause });
        throw failureOf(cause, undefined);
      } finally {
        clearTimeout(timer);
        done();
      }
    },
    useCredentials: (next) => {
      source = next;
    },
    close: () => {
      for (const connections of open) connections.agent.destroy();
    },
  };
}

const TOKEN_REFUSED = 'the cluster refuses our credentials (401), and there are no newer ones: renew the token or the certificate';

class Refused extends Error {}

function roundTrip({ credentials, connections }: Identity, asked: KubeRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const { target, headers } = credentials;
  const text = asked.body === undefined ? undefined : JSON.stringify(asked.body);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent: ClientRequest = request({
    hostname: target.hostname,
    port: target.port,
    agent: connections.agent,
    signal,
    method: asked.method,
    path: target.path + asked.path,
    headers: {
      ...headers,
      accept: 'application/json',
      ...(text === undefined ? {} : { 'content-type': typeOf(asked), 'content-length': Buffer.byteLength(text) }),
    },
  });
  sent.once('response', resolve);
  sent.once('error', (cause) => reject(new Failed(connections.agent.progressOf(sent.socket), cause)));
  sent.end(text);
  return promise;
}

function typeOf({ method, patch = 'merge' }: KubeRequest): string {
  return method === 'PATCH' ? `application/${patch === 'merge' ? 'merge' : 'strategic-merge'}-patch+json` : 'application/json';
}

async function* eventsOf(answer: IncomingMessage, heard: () => void): AsyncGenerator<{ type: string; object: unknown }> {
  answer.setEncoding('utf8');
  let rest = '';
  for await (const chunk of answer) {
    heard();
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = parsed(line);
      if (typeof event !== 'object' || event === null || !('type' in event) || !('object' in event))
        throw new AppError('unavailable', 'watch_unreadable', `the watch sent what is no event: ${line.slice(0, 100)}`);
      const { type, object } = event;
      if (type === 'ERROR') throw answerError('watch', statusOf(object), object);
      yield { type: String(type), object };
    }
  }
}

function statusOf(object: unknown): number {
  return typeof object === 'object' && object !== null && 'code' in object ? Number(object.code) : 500;
}

/** A look-up of credentials cannot be stopped; whoever waits for it can. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(new Failed('none', signal.reason));
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
    work.catch(() => {});
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  answer.setEncoding('utf8');
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
