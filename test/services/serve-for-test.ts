/** A contract served inside the test's own process, on a free loopback port, with the real token check. */
import { createClient, type Client } from '../../contracts/client.ts';
import type { Api, Endpoints } from '../../contracts/endpoint.ts';
import type { TrustedIssuer } from '../../runtime/config.ts';
import { createHttpSend } from '../../runtime/http-send.ts';
import { listenHttp } from '../../runtime/https-server.ts';
import { SILENT_LOG } from '../../runtime/log.ts';
import { createHttpMetrics, createRegistry } from '../../runtime/metrics.ts';
import { serveApi, type Handlers } from '../../runtime/serve-api.ts';
import { createTokenCheck } from '../../runtime/token-check.ts';

export interface Served<E extends Endpoints> {
  readonly url: string;
  /** A client that sends this token, or none. */
  client(token?: string): Client<E>;
  close(): Promise<void>;
}

export async function serveForTest<E extends Endpoints>(
  api: Api<E>,
  handlers: Handlers<E>,
  trusted: readonly TrustedIssuer[],
): Promise<Served<E>> {
  const http = createHttpSend();
  const stopping = new AbortController();
  const app = serveApi(api, handlers, {
    log: SILENT_LOG,
    metrics: createHttpMetrics(createRegistry(api.name)),
    tokenCheck: createTokenCheck(trusted, { send: http.send, now: Date.now }),
    stopping: stopping.signal,
  });
  const listener = await listenHttp(app, '127.0.0.1', 0);
  const url = `http://127.0.0.1:${listener.port}`;
  return {
    url,
    client: (token) => createClient(api, { baseUrl: url, send: http.send, token: () => token }),
    close: async () => {
      stopping.abort();
      await http.close();
      await listener.close();
    },
  };
}
