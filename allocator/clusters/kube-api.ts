/** Requests to one Kubernetes API server: identity from a kubeconfig, a deadline on each, watches as lines. */
import { Agent, request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { KubeConfig } from '@kubernetes/client-node';
import { AppError } from '../../contracts/app-error.ts';

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface KubeAnswer {
  readonly status: number;
  /** Parsed JSON, or the text where it is none. */
  readonly body: unknown;
}

export interface KubeApi {
  /** Resolves with whatever the server answered. @throws AppError `unavailable` or `timeout` when it did not. */
  send(request: KubeRequest): Promise<KubeAnswer>;
  /** Events of a watch until the server ends it or the signal aborts. @throws AppError `gone` on 410. */
  watch(path: string, signal: AbortSignal): AsyncGenerator<{ type: string; object: unknown }>;
  close(): void;
}

/** Credentials are looked up again after this, so that a renewed token or a rotated authority is taken up. */
const IDENTITY_FRESH_MS = 30_000;

interface Identity {
  readonly options: RequestOptions;
  readonly headers: Readonly<Record<string, string>>;
  readonly secrets: object;
  readonly agent: Agent;
  readonly at: number;
}

export function openKubeApi(file: string, context: string | undefined, now: () => number): KubeApi {
  let identity: Identity | undefined;
  const agents: Agent[] = [];
  const identify = async () => {
    if (identity !== undefined && now() - identity.at < IDENTITY_FRESH_MS) return identity;
    const config = new KubeConfig();
    config.loadFromFile(file);
    if (context !== undefined) config.setCurrentContext(context);
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw new AppError('internal', 'kubeconfig_incomplete', `${file} names no cluster`);
    const given: RequestOptions = {};
    await config.applyToHTTPSOptions(given);
    const { ca, cert, key, headers, rejectUnauthorized } = given;
    const secrets = defined({ ca, cert, key, rejectUnauthorized });
    // The old agent is not destroyed: a watch and what is in flight go on on its sockets.
    const same = identity !== undefined && isDeepStrictEqual(identity.secrets, secrets) ? identity.agent : undefined;
    const agent = same ?? new Agent({ keepAlive: true, maxSockets: 128, ...secrets });
    if (same === undefined) agents.push(agent);
    identity = { options: targetOf(cluster.server), headers: textsOf(headers), secrets, agent, at: now() };
    return identity;
  };

  const open = async (asked: KubeRequest, signal: AbortSignal): Promise<IncomingMessage> => {
    const { options, headers, agent } = await identify();
    const text = asked.body === undefined ? undefined : JSON.stringify(asked.body);
    const base = String(options.path ?? '');
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          ...options,
          agent,
          signal,
          method: asked.method,
          path: base + asked.path,
          headers: {
            ...headers,
            accept: 'application/json',
            ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
          },
        },
        resolve,
      );
      sent.once('error', reject);
      sent.end(text);
    });
  };

  return {
    send: async (asked) => {
      const deadline = AbortSignal.timeout(asked.timeoutMs);
      const signal = asked.signal === undefined ? deadline : AbortSignal.any([asked.signal, deadline]);
      try {
        const answer = await open(asked, signal);
        return { status: answer.statusCode ?? 0, body: parsed(await textOf(answer)) };
      } catch (cause) {
        if (deadline.aborted)
          throw new AppError('timeout', 'cluster_timeout', `the cluster did not answer within ${asked.timeoutMs} ms`, { cause });
        throw new AppError('unavailable', 'cluster_unavailable', 'the cluster could not be reached', { cause });
      }
    },
    watch: async function* (path, signal) {
      const answer = await open({ method: 'GET', path, timeoutMs: 0 }, signal);
      if (answer.statusCode !== 200) throw watchError(answer.statusCode ?? 0, await textOf(answer));
      answer.setEncoding('utf8');
      let rest = '';
      for await (const chunk of answer) {
        const lines = (rest + String(chunk)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const event = parsed(line) as { type: string; object: { code?: number } };
          if (event.type === 'ERROR') throw watchError(event.object.code ?? 500, line);
          yield event;
        }
      }
    },
    close: () => agents.forEach((agent) => agent.destroy()),
  };
}

function targetOf(server: string): RequestOptions {
  const { hostname, port, pathname } = new URL(server);
  return { hostname: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 443 : Number(port), path: pathname.replace(/\/$/, '') };
}

/** The kubeconfig's own headers, such as its bearer token. */
function textsOf(headers: RequestOptions['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
}

function watchError(status: number, text: string): AppError {
  const kind = status === 410 ? 'gone' : 'unavailable';
  return new AppError(kind, 'watch_ended', `the watch ended with ${status}: ${text.slice(0, 300)}`);
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

function defined<T extends object>(object: T): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<T>;
}
