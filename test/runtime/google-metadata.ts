/** A metadata server as Google's, that a test may take away and bring back. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface MetadataPlan {
  readonly token: string;
  /** Seconds. */
  readonly expiresIn: number;
  /** In place of a token. */
  readonly status?: number;
  /** In place of what tells the token. */
  readonly body?: string;
  /** Without the header by which Google's own is known. */
  readonly impostor?: boolean;
  /** Says nothing before there is another plan. */
  readonly silent?: boolean;
}

const TOKEN_PATH = '/computeMetadata/v1/instance/service-accounts/default/token';

export type GoogleMetadata = Awaited<ReturnType<typeof startGoogleMetadata>>;

export async function startGoogleMetadata(first: MetadataPlan) {
  let plan = first;
  let asked = 0;
  const kept = new Set<() => void>();
  const reply = (request: IncomingMessage, response: ServerResponse) => {
    if (plan.silent === true) return void kept.add(() => reply(request, response));
    const answer = (status: number, body: string, type = 'text/html') =>
      response.writeHead(status, { 'content-type': type, ...(plan.impostor ? {} : { 'metadata-flavor': 'Google' }) }).end(body);
    // The header is what keeps a tricked browser or proxy away.
    if (request.headers['metadata-flavor'] !== 'Google' || request.headers['x-forwarded-for'] !== undefined)
      return answer(403, 'forbidden');
    if (request.url !== TOKEN_PATH) return answer(404, 'not found');
    if (plan.status !== undefined) return answer(plan.status, 'Error');
    const body = { access_token: plan.token, expires_in: plan.expiresIn, token_type: 'Bearer' };
    answer(200, plan.body ?? JSON.stringify(body), 'application/json');
  };
  const listen = (at: number): Promise<Server> =>
    new Promise((resolve, reject) => {
      const opened = createServer((request, response) => {
        asked += 1;
        reply(request, response);
      });
      opened.once('error', reject).listen(at, '127.0.0.1', () => resolve(opened));
    });
  let server = await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    /** `HOST:PORT`. */
    host: `127.0.0.1:${port}`,
    /** What it answers from now on, and to those whom it has kept waiting. */
    answer: (next: MetadataPlan): void => {
      plan = next;
      for (const goOn of kept) {
        kept.delete(goOn);
        goOn();
      }
    },
    /** Requests so far. */
    asked: (): number => asked,
    /** Nobody listens there any more, and whoever was connected is cut off. */
    kill: (): Promise<void> =>
      new Promise((resolve) => {
        kept.clear();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    /** Again, on the same port. */
    restart: async (): Promise<void> => {
      server = await listen(port);
    },
  };
}
