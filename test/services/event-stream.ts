/** Reads server-sent events as a browser's EventSource does: block by block, coming again with the last id that it saw. */
import { readFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { testStack } from '../../local/testing.ts';

export interface StreamBlock {
  readonly id: string | undefined;
  readonly event: string | undefined;
  /** Absent in a block that only tells the place. */
  readonly data: string | undefined;
}

export interface OpenStream {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Ends with the stream, also where the connection breaks. */
  blocks(): AsyncGenerator<StreamBlock>;
  close(): void;
}

export async function openStream(url: string, headers: Readonly<Record<string, string>>): Promise<OpenStream> {
  const { authority } = await testStack();
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const outgoing = httpsRequest(
    url,
    { headers: { ...headers, accept: 'text/event-stream' }, ca: readFileSync(authority.caFile), agent: false },
    resolve,
  );
  outgoing.on('error', reject);
  outgoing.end();
  const incoming = await promise;
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    blocks: async function* () {
      let text = '';
      try {
        for await (const chunk of incoming) {
          text += String(chunk);
          const whole = text.split('\n\n');
          text = whole.pop() ?? '';
          for (const block of whole) yield parseBlock(block);
        }
      } catch {
        // Broken off: whoever reads comes again.
      }
    },
    close: () => outgoing.destroy(),
  };
}

/** Comes again and again, until the signal. */
export async function follow(
  url: () => string,
  token: string,
  signal: AbortSignal,
  seen: (block: StreamBlock & { readonly data: string }) => void,
): Promise<void> {
  let last: string | undefined;
  while (!signal.aborted) {
    const stream = await openStream(url(), {
      authorization: `Bearer ${token}`,
      ...(last === undefined ? {} : { 'last-event-id': last }),
    }).catch(() => undefined);
    const close = () => stream?.close();
    signal.addEventListener('abort', close, { once: true });
    for await (const { id, event, data } of stream?.blocks() ?? []) {
      if (signal.aborted) break;
      last = id ?? last;
      if (data !== undefined) seen({ id, event, data });
    }
    signal.removeEventListener('abort', close);
    if (!signal.aborted) await sleep(50);
  }
}

function parseBlock(block: string): StreamBlock {
  const field = (name: string) =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  return { id: field('id'), event: field('event'), data: field('data') };
}
