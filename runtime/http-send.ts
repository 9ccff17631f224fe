/** Outbound HTTP(S): pooled connections, a deadline on every exchange, our own authorities trusted. */
import { Agent, request } from 'undici';
import { AppError } from '../contracts/app-error.ts';
import type { Send } from '../contracts/client.ts';
import { trusting } from './trusted-authorities.ts';

export interface HttpSend {
  readonly send: Send;
  close(): Promise<void>;
}

const LARGEST_ANSWER_BYTES = 64 * 1024 * 1024;

/** @param caFile PEM certificates trusted beside the public ones. */
export function createHttpSend(caFile?: string): HttpSend {
  const agent = new Agent({
    // A call that is held (`wait`) keeps its connection: this many may be held at one service.
    connections: 512,
    pipelining: 1,
    keepAliveTimeout: 4_000,
    maxResponseSize: LARGEST_ANSWER_BYTES,
    connect: { timeout: 5_000, ...trusting(caFile) },
  });
  const send: Send = async ({ method, url, headers, body, timeoutMs, signal }) => {
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      const answer = await request(url, {
        method: method as 'GET',
        headers,
        body: body ?? null,
        dispatcher: agent,
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      });
      const text = await answer.body.text();
      return { status: answer.statusCode, headers: flat(answer.headers), body: text };
    } catch (cause) {
      if (signal?.aborted) throw cause;
      const { origin, pathname } = new URL(url);
      if (deadline.aborted)
        throw new AppError('timeout', 'no_answer_in_time', `${method} ${origin}${pathname}: no answer within ${timeoutMs} ms`, { cause });
      throw new AppError(
        'unavailable',
        'no_connection',
        `${method} ${origin}${pathname}: ${cause instanceof Error ? cause.message : 'failed'}`,
        { cause },
      );
    }
  };
  return { send, close: () => agent.destroy() };
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}
