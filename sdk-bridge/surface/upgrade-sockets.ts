/** Every WebSocket of the bridge's port: LifeVerse's stream, and Agones' watch by whatever other path. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { STREAM_PATH } from '../../contracts/bridge-api/stream.ts';
import type { StreamSockets } from '../stream/stream-sockets.ts';
import { decodedPath } from './rest-surface.ts';
import type { WatchSockets } from './watch-sockets.ts';

export interface UpgradeSockets {
  /** Serves the upgrades of one listener. */
  attach(server: Pick<Server, 'on'>): void;
  close(): void;
}

export function createUpgradeSockets(stream: StreamSockets, watch: WatchSockets): UpgradeSockets {
  return {
    attach: (server) => {
      server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        if (isStream(request.url)) stream.upgrade(request, socket, head);
        else watch.upgrade(request, socket, head);
      });
    },
    close: () => {
      stream.close();
      watch.close();
    },
  };
}

export function isStream(url: string | undefined): boolean {
  return decodedPath(url ?? '/') === STREAM_PATH;
}
