/** Server-sent events (WHATWG HTML, 9.2) as an answer: one shape of data, a heartbeat, and no more than the reader takes. */
import type { Response } from 'express';
import type { z } from 'zod';
import { AppError } from '../contracts/app-error.ts';
import type { StreamedEvent, StreamMark } from '../contracts/endpoint.ts';

/** Proxies close what is silent for a minute or less; a comment line is no event. */
const HEARTBEAT_MS = 15_000;

/** Writes until the events end or the signal aborts. @throws AppError `internal` when an event has another shape than documented. */
export async function sendEvents(
  response: Response,
  shape: z.ZodType,
  events: AsyncIterable<StreamedEvent<unknown> | StreamMark>,
  signal: AbortSignal,
): Promise<void> {
  response.type('text/event-stream').set('x-accel-buffering', 'no').flushHeaders();
  if (response.req.method === 'HEAD') return void response.end();
  const heartbeat = setInterval(() => response.write(':\n\n'), HEARTBEAT_MS);
  try {
    for await (const sent of events) {
      if (signal.aborted) break;
      if (!response.write(blockOf(sent, shape))) await drained(response, signal);
    }
  } finally {
    clearInterval(heartbeat);
    response.end();
  }
}

function blockOf(sent: StreamedEvent<unknown> | StreamMark, shape: z.ZodType): string {
  // Without data a browser keeps the id and tells nobody.
  if (!('data' in sent)) return `id: ${sent.id}\n\n`;
  const parsed = shape.safeParse(sent.data);
  if (!parsed.success)
    throw new AppError('internal', 'event_malformed', 'an event has another shape than documented', { cause: parsed.error });
  // JSON has no line breaks of its own, so that one data line is the whole of it.
  return `id: ${sent.id}\nevent: ${sent.event}\ndata: ${JSON.stringify(parsed.data)}\n\n`;
}

function drained(response: Response, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    response.once('drain', done);
    response.once('close', done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted || response.destroyed) done();
  });
}
