/**
 * A cluster that answers at once: as much of the Kubernetes API as the allocator asks for, from memory. What is left of the time is the
 * allocator's own and the database's.
 */
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { GAME_SERVER_MARKS } from '../contracts/allocator.ts';
import { PODLESS_BUILD } from '../local/podless-fleet.ts';

export interface InstantCluster {
  readonly url: string;
  close(): Promise<void>;
}

interface Server {
  readonly kind: 'GameServer';
  readonly apiVersion: 'agones.dev/v1';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly status: { readonly state: string; readonly address: string; readonly ports: readonly { name: string; port: number }[] };
}

interface Marks {
  readonly spec: { readonly metadata: { readonly labels: Record<string, string>; readonly annotations: Record<string, string> } };
}

export async function startInstantCluster(
  fleet: string,
  namespace: string,
  count: number,
  tls: { readonly certFile: string; readonly keyFile: string },
): Promise<InstantCluster> {
  const servers = new Map<string, Server>();
  for (let nth = 0; nth < count; nth += 1) {
    const server = readyServer(fleet, namespace, nth);
    servers.set(server.metadata.name, server);
  }
  const free = [...servers.keys()];
  const watchers = new Set<ServerResponse>();
  let version = count;

  const allocate = (body: Marks): unknown => {
    const name = free.pop();
    const before = name === undefined ? undefined : servers.get(name);
    if (before === undefined) return { status: { state: 'UnAllocated' } };
    version += 1;
    const { labels, annotations } = body.spec.metadata;
    const after: Server = {
      ...before,
      metadata: {
        ...before.metadata,
        resourceVersion: String(version),
        labels: { ...before.metadata.labels, ...labels },
        annotations: { ...before.metadata.annotations, ...annotations },
      },
      status: { ...before.status, state: 'Allocated' },
    };
    servers.set(before.metadata.name, after);
    const line = `${JSON.stringify({ type: 'MODIFIED', object: after })}\n`;
    for (const watcher of watchers) watcher.write(line);
    return { status: { state: 'Allocated', gameServerName: before.metadata.name, address: '127.0.0.1', ports: before.status.ports } };
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'https://cluster');
    const reply = (status: number, body: unknown) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.method === 'POST') return reply(201, allocate(JSON.parse(await textOf(request)) as Marks));
    if (!url.pathname.endsWith('/gameservers')) return reply(200, {});
    if (url.searchParams.get('watch') === 'true') {
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
      watchers.add(response);
      response.on('close', () => watchers.delete(response));
      return;
    }
    reply(200, { metadata: { resourceVersion: String(version) }, items: listed(servers, url.searchParams.get('labelSelector') ?? '') });
  };

  const server = createServer({ cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) }, (request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function readyServer(fleet: string, namespace: string, nth: number): Server {
  return {
    kind: 'GameServer',
    apiVersion: 'agones.dev/v1',
    metadata: {
      name: `${fleet}-${nth}`,
      namespace,
      uid: `uid-${nth}`,
      resourceVersion: String(nth + 1),
      labels: { 'agones.dev/fleet': fleet, [GAME_SERVER_MARKS.build]: PODLESS_BUILD },
      annotations: {},
    },
    status: { state: 'Ready', address: '127.0.0.1', ports: [{ name: 'game', port: 7_777 }] },
  };
}

function listed(servers: ReadonlyMap<string, Server>, selector: string): Server[] {
  const wanted = selector.split(',').filter((part) => part !== '');
  const isWanted = ({ metadata }: Server) => wanted.every((part) => metadata.labels[part.split('=')[0] ?? ''] === part.split('=')[1]);
  return [...servers.values()].filter(isWanted);
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
