/** The REST port of Agones' own sidecar: what the bridge has no opinion about goes there byte for byte, and its answer back. */
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';

export interface Asked {
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  /** Name, value, name, value … as they came. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: readonly string[];
  /** As it came; text where the bridge answers itself, which Node sends together with the head. */
  readonly body: Buffer | string;
}

/** The sidecar gave no answer: it is away, or it hangs. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly late: boolean;

  constructor(late: boolean, cause: unknown) {
    super(late ? "Agones' sidecar does not answer" : "Agones' sidecar is away", { cause });
    this.late = late;
  }
}

export interface Upstream {
  /** @throws NoAnswer */
  forward(asked: Asked): Promise<Answer>;
  close(): void;
}

/** Longest for one call over loopback, the sidecar's return after a restart included. */
const CALL_MS = 3_000;
const AGAIN_MS = 100;
const ANSWER_BYTES = 16 * 1024 * 1024;
/** Those of one connection, which are not passed on. */
const HOP_BY_HOP = /^(connection|keep-alive|proxy-connection|transfer-encoding|te|trailer|upgrade|expect|content-length)$/i;
/** These may be said again when it is not known whether they were heard. */
const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT']);

export function createUpstream(port: number): Upstream {
  const agent = new Agent({ keepAlive: true, maxSockets: 16, maxFreeSockets: 2 });

  const once = ({ method, target, headers, body }: Asked, signal: AbortSignal) =>
    new Promise<Answer>((resolve, reject) => {
      // HTTP wants it, and what is asked for a WebSocket has none.
      const host = has(headers, 'host') ? [] : ['host', 'localhost'];
      const length = body.length > 0 || has(headers, 'content-length') ? ['content-length', `${body.length}`] : [];
      const options = {
        host: '127.0.0.1',
        port,
        method,
        path: target,
        headers: [...passedOn(headers), ...host, ...length],
        agent,
        signal,
      };
      const call = httpRequest(options, (answer) => void readAnswer(answer).then(resolve, reject));
      call.on('error', reject);
      call.end(body);
    });

  return {
    forward: async (asked) => {
      const deadline = AbortSignal.timeout(CALL_MS);
      let away = false;
      for (;;) {
        try {
          return await once(asked, deadline);
        } catch (cause) {
          // The deadline may also cut off a try that followed others, to which nobody listened.
          away = isRefused(cause) || (deadline.aborted && away);
          if (deadline.aborted) throw new NoAnswer(!away, cause);
          if (!away && !REPEATABLE.has(asked.method)) throw new NoAnswer(false, cause);
          // A sidecar that restarts is back within a second; nobody else says when.
          await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
          if (deadline.aborted) throw new NoAnswer(false, cause);
        }
      }
    },
    close: () => agent.destroy(),
  };
}

async function readAnswer(answer: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES) throw new Error("the answer of Agones' sidecar is too large");
    chunks.push(chunk);
  }
  return { status: answer.statusCode ?? 0, headers: passedOn(answer.rawHeaders), body: Buffer.concat(chunks) };
}

function passedOn(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const [name = '', value = ''] = [headers[at], headers[at + 1]];
    if (!HOP_BY_HOP.test(name)) kept.push(name, value);
  }
  return kept;
}

const has = (headers: readonly string[], name: string): boolean => headers.some((text, at) => at % 2 === 0 && text.toLowerCase() === name);

/** Nobody listens: nothing was said, so everything may be said again. */
function isRefused(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}
