/** An API that has one endpoint for each thing that serving can do wrong, and a real HTTPS listener for it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { AppError } from '../../contracts/app-error.ts';
import { createClient } from '../../contracts/client.ts';
import { defineApi, ORDINARY } from '../../contracts/endpoint.ts';
import { GameJson } from '../../contracts/game-json.ts';
import { openLocalAuthority } from '../../local/tls/local-authority.ts';
import { createHttpSend } from '../../runtime/http-send.ts';
import { listenHttps, type Listener } from '../../runtime/https-server.ts';
import { SILENT_LOG, type Log, type LogFields } from '../../runtime/log.ts';
import { createHttpMetrics } from '../../runtime/metrics.ts';
import { serveApi, type Context, type Handlers } from '../../runtime/serve-api.ts';
import type { TokenCheck } from '../../runtime/token-check.ts';

const open = { access: 'public', errors: [], limits: ORDINARY } as const;

export const probeApi = defineApi({
  name: 'probe',
  title: 'Probe <of> serving',
  version: '1.0.0',
  description: 'For tests.',
  endpoints: {
    echo: {
      ...open,
      method: 'POST',
      path: '/v1/things/{id}/echo',
      summary: 'Gives back what it is given',
      params: z.object({ id: z.string().min(2) }),
      query: z.object({ times: z.coerce.number().int().min(1).max(9).default(1) }),
      headers: z.object({ prefer: z.string().optional() }),
      body: z.object({ text: z.string().max(10), data: GameJson.default({}) }),
      responses: {
        200: {
          description: 'Echoed',
          body: z.object({
            id: z.string(),
            times: z.int(),
            prefer: z.string().optional(),
            text: z.string(),
            data: GameJson,
          }),
        },
      },
      limits: { ...ORDINARY, bodyBytes: 2_000 },
      idempotency: 'repeatable',
    },
    act: {
      ...open,
      method: 'GET',
      path: '/v1/act/{how}',
      summary: 'Does what the test has it do',
      params: z.object({ how: z.string() }),
      responses: { 200: { description: 'Done', body: z.object({ done: z.boolean() }) }, 204: { description: 'Nothing to say' } },
      errors: ['conflict'],
      limits: { ...ORDINARY, timeoutMs: 120_000 },
      idempotency: 'safe',
    },
    hurry: {
      ...open,
      method: 'GET',
      path: '/v1/hurry/{how}',
      summary: 'Does it within a moment, or not at all',
      params: z.object({ how: z.string() }),
      responses: { 200: { description: 'Done', body: z.object({ done: z.boolean() }) }, 204: { description: 'Nothing to say' } },
      errors: ['conflict'],
      limits: { ...ORDINARY, timeoutMs: 300 },
      idempotency: 'safe',
    },
    guarded: {
      ...open,
      method: 'GET',
      path: '/v1/guarded',
      summary: 'For operators',
      access: ['operator', 'backend'],
      responses: { 200: { description: 'Welcome', body: z.object({ subject: z.string() }) } },
      idempotency: 'safe',
    },
    rare: {
      ...open,
      method: 'POST',
      path: '/v1/rare',
      summary: 'Twice a minute',
      responses: { 204: { description: 'Done' } },
      limits: { ...ORDINARY, perMinute: 2 },
      idempotency: 'once',
    },
  },
});

export type Act = (context: Context) => Promise<{ status: 200; body: { done: boolean } } | { status: 204; body: undefined }>;

export interface Probe {
  readonly url: string;
  readonly send: ReturnType<typeof createHttpSend>['send'];
  readonly client: ReturnType<typeof createClient<typeof probeApi.endpoints>>;
  readonly listener: Listener;
  readonly authority: Awaited<ReturnType<typeof openLocalAuthority>>;
  readonly lines: { level: string; message: string; fields: LogFields }[];
  readonly stopping: AbortController;
  /** What `/v1/act/{how}` and `/v1/hurry/{how}` do, by its name. */
  readonly acts: Map<string, Act>;
  close(): Promise<void>;
}

/** Tokens are role names here: what they really are is the token check's test. */
const nameCheck: TokenCheck = async (token) => {
  if (token === 'forged') throw new AppError('unauthenticated', 'token_invalid', 'the token does not hold');
  const roles = token === 'operator' || token === 'player' ? ([token] as const) : [];
  return { subject: `the ${token}`, roles, issuer: 'test', claims: {} };
};

export async function openProbe(): Promise<Probe> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lifeverse-probe-'));
  const authority = await openLocalAuthority(folder, 'probe CA', () => new Date());
  const tls = await authority.issue({ name: 'probe', commonName: 'probe', use: 'server' });
  const acts = new Map<string, Act>();
  const lines: Probe['lines'] = [];
  const stopping = new AbortController();
  const log = recordingLog(lines);
  const act = (how: string, context: Context) => {
    const found = acts.get(how);
    if (found === undefined) throw new AppError('conflict', 'no_such_act', how);
    return found(context);
  };
  const handlers: Handlers<typeof probeApi.endpoints> = {
    echo: async ({ params, query, headers, body }) => ({
      status: 200,
      body: {
        id: params.id,
        times: query.times,
        text: body.text.repeat(query.times),
        data: body.data,
        ...(headers.prefer === undefined ? {} : { prefer: headers.prefer }),
        secret: 'not in the contract',
      },
    }),
    act: async ({ params }, context) => act(params.how, context),
    hurry: async ({ params }, context) => act(params.how, context),
    guarded: async (_request, { principal }) => ({ status: 200, body: { subject: principal?.subject ?? '' } }),
    rare: async () => ({ status: 204, body: undefined }),
  };
  const app = serveApi(probeApi, handlers, {
    log,
    metrics: createHttpMetrics(new Registry()),
    tokenCheck: nameCheck,
    stopping: stopping.signal,
  });
  const listener = await listenHttps(app, '127.0.0.1', 0, tls, log);
  const http = createHttpSend(authority.caFile);
  const url = `https://127.0.0.1:${listener.port}`;
  return {
    url,
    send: http.send,
    client: createClient(probeApi, { baseUrl: url, send: http.send }),
    listener,
    authority,
    lines,
    stopping,
    acts,
    close: async () => {
      await http.close();
      await listener.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function recordingLog(lines: Probe['lines']): Log {
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void lines.push({ level, message, fields });
  const log: Log = { ...SILENT_LOG, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), with: () => log };
  return log;
}
