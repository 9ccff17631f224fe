/** A way to an API server that can be disturbed: between an allocator and its cluster. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, TLSSocket } from 'node:tls';
import type { RunningCluster } from '../../local/cluster/start-cluster.ts';
import { writeKubeconfig } from '../../local/cluster/write-kubeconfig.ts';
import { testStack } from '../../local/testing.ts';
import { openLocalAuthority } from '../../local/tls/local-authority.ts';

export type ProxyMode =
  /** Byte for byte. */
  | 'pass'
  /** Connections break; new ones are taken and broken. */
  | 'cut'
  /** Connections break; nobody listens any more. */
  | 'refuse'
  /** Connections stay, and new ones are taken; not a byte goes through. */
  | 'blackhole'
  /** As `pass`, behind a certificate of a second authority; connections made before break. */
  | 'other-certificate';

export interface ProxySetting {
  readonly mode: ProxyMode;
  /** Every piece goes on this much later, in both directions; in `pass` only. */
  readonly delayMs?: number;
  /** What a watch tells goes on this much later; in `other-certificate` only, where requests can be read. */
  readonly watchDelayMs?: number;
}

/** In the request of a watch, and in no other. */
const WATCH = 'watch=true';

export interface ClusterProxy {
  /** Points at the proxy; the API server's own certificate and the admin's token. */
  readonly kubeconfig: string;
  /** From now on, for connections that are there too. */
  set(setting: ProxySetting): Promise<void>;
  /** Replaces the kubeconfig on disk. */
  rewrite(changes: { readonly token?: string; readonly authority?: 'own' | 'other' }): Promise<void>;
  /** Connections that are open now. */
  readonly connections: number;
  /** Pieces that have come in and went nowhere, since it is a black hole. */
  readonly swallowed: number;
  close(): Promise<void>;
}

export async function startClusterProxy(cluster: RunningCluster): Promise<ClusterProxy> {
  const { folder } = await testStack();
  const place = path.join(folder, `proxy-${randomUUID().slice(0, 8)}`);
  const other = await openLocalAuthority(place, 'another CA', () => new Date());
  const tls = await other.issue({ name: 'proxy', commonName: 'proxy', use: 'server' });
  const [cert, key, ca] = await Promise.all([readFile(tls.certFile), readFile(tls.keyFile), readFile(cluster.caFile)]);
  const upstreamPort = Number(new URL(cluster.url).port);
  const open = new Set<Duplex>();
  let setting: ProxySetting = { mode: 'pass' };
  let swallowed = 0;

  const keep = (end: Duplex) => {
    open.add(end);
    end.once('close', () => open.delete(end));
    end.on('error', () => end.destroy());
  };
  const carry = (from: Duplex, to: Duplex, delayOf: () => number | undefined) => {
    // One after the other, so that late pieces keep their order.
    let line = Promise.resolve();
    from.on('data', (piece: Buffer) => {
      const due = performance.now() + (delayOf() ?? 0);
      line = line.then(async () => {
        const wait = due - performance.now();
        if (wait > 0) await sleep(wait);
        if (setting.mode === 'blackhole') swallowed += 1;
        else to.write(piece);
      });
    });
    from.once('close', () => to.destroy());
  };
  const join = (near: Duplex, far: Duplex) => {
    for (const end of [near, far]) keep(end);
    let isWatch = false;
    near.on('data', (piece: Buffer) => (isWatch ||= piece.includes(WATCH)));
    carry(near, far, () => setting.delayMs);
    carry(far, near, () => (isWatch ? setting.watchDelayMs : setting.delayMs));
  };

  const server = createServer((socket: Socket) => {
    socket.on('error', () => socket.destroy());
    if (setting.mode === 'cut') return socket.destroy();
    if (setting.mode === 'other-certificate') {
      const upstream = connectTls({ port: upstreamPort, host: '127.0.0.1', ca });
      return join(new TLSSocket(socket, { isServer: true, cert, key }), upstream);
    }
    return join(socket, connect(upstreamPort, '127.0.0.1'));
  });
  const listen = async (port: number): Promise<number> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const breakAll = () => open.forEach((end) => end.destroy());

  const port = await listen(0);
  const kubeconfig = path.join(place, 'kubeconfig');
  const fields = {
    file: kubeconfig,
    cluster: cluster.name,
    url: `https://127.0.0.1:${port}`,
    caFile: cluster.caFile,
    token: cluster.token,
  };
  await writeKubeconfig(fields);

  return {
    kubeconfig,
    set: async (next) => {
      const isPassing = next.mode === 'pass' || next.mode === 'blackhole';
      setting = next;
      if (!isPassing) breakAll();
      if (next.mode === 'refuse' && server.listening) server.close();
      if (next.mode !== 'refuse' && !server.listening) await listen(port);
    },
    rewrite: ({ token = cluster.token, authority = 'own' }) =>
      writeKubeconfig({ ...fields, token, caFile: authority === 'own' ? cluster.caFile : other.caFile }),
    get connections() {
      return open.size / 2;
    },
    get swallowed() {
      return swallowed;
    },
    close: async () => {
      breakAll();
      if (server.listening) server.close();
    },
  };
}
