/**
 * Outbound HTTP(S) on Node's own client: what `runtime/http-send.ts` does, without undici, whose code alone takes 6 MB of the
 * 90 that the bridge may have beside every game server.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { AppError } from '../../contracts/app-error.ts';
import type { IncomingAnswer, OutgoingRequest, Send } from '../../contracts/client.ts';
import { trusting } from '../../runtime/trusted-authorities.ts';

export interface PlainSend {
  readonly send: Send;
  close(): void;
}

const CONNECTIONS = { keepAlive: true, maxSockets: 16, maxFreeSockets: 4 } as const;

/** @param caFile PEM certificates trusted beside the public ones. */
export function createPlainSend(caFile?: string): PlainSend {
  const http = new HttpAgent(CONNECTIONS);
  const https = new HttpsAgent({ ...CONNECTIONS, ...trusting(caFile) });

  const exchange = (asked: OutgoingRequest, signal: AbortSignal) =>
    new Promise<IncomingAnswer>((resolve, reject) => {
      const secure = asked.url.startsWith('https:');
      const headers =
        asked.body === undefined ? asked.headers : { ...asked.headers, 'content-length': String(Buffer.byteLength(asked.body)) };
      const options = { method: asked.method, headers, signal };
      const take = (answer: IncomingMessage) => void readAnswer(answer).then(resolve, reject);
      const call = secure
        ? httpsRequest(asked.url, { ...options, agent: https }, take)
        : httpRequest(asked.url, { ...options, agent: http }, take);
      call.on('error', reject);
      call.end(asked.body);
    });

  const send: Send = async (asked) => {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), asked.timeoutMs);
    const give = () => deadline.abort();
    asked.signal?.addEventListener('abort', give, { once: true });
    if (asked.signal?.aborted === true) give();
    try {
      return await exchange(asked, deadline.signal);
    } catch (cause) {
      if (asked.signal?.aborted === true) throw cause;
      const { origin, pathname } = new URL(asked.url);
      const what = `${asked.method} ${origin}${pathname}`;
      if (deadline.signal.aborted)
        throw new AppError('timeout', 'no_answer_in_time', `${what}: no answer within ${asked.timeoutMs} ms`, { cause });
      throw new AppError('unavailable', 'no_connection', `${what}: ${cause instanceof Error ? cause.message : 'failed'}`, { cause });
    } finally {
      clearTimeout(timer);
      asked.signal?.removeEventListener('abort', give);
    }
  };
  return {
    send,
    close: () => {
      http.destroy();
      https.destroy();
    },
  };
}

async function readAnswer(answer: IncomingMessage): Promise<IncomingAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  const headers = Object.entries(answer.headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
  );
  return {
    status: answer.statusCode ?? 0,
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}
