/** Agones' watch over WebSocket, as Unreal's plugin opens it. A socket stays when Agones' own sidecar restarts. */
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { status as Code } from '@grpc/grpc-js';
import { WebSocketServer, type WebSocket } from 'ws';
import type { AgonesClient } from '../agones/agones-client.ts';
import { restView } from '../agones/game-server.ts';
import type { GameServerWatch } from '../agones/game-server-watch.ts';
import { newest, serviceFault } from './rest-surface.ts';

export interface WatchSockets {
  /** Serves the upgrades of one listener. */
  attach(server: Pick<Server, 'on'>): void;
  close(): void;
}

export function createWatchSockets(watch: GameServerWatch, client: Pick<AgonesClient, 'getGameServer'>): WatchSockets {
  // What the game server sends is read and ignored, so little of it is enough.
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 64 * 1024 });

  const serve = async (socket: WebSocket, path: string) => {
    socket.on('error', () => socket.terminate());
    if (path === '/watch/gameserver') {
      const stop = watch.listen((gameServer) => socket.send(JSON.stringify({ result: restView(gameServer) })));
      return void socket.once('close', stop);
    }
    // Recorded: any path upgrades; one frame with its answer, then the connection is cut.
    const frame = path === '/gameserver' ? await answerOf(watch, client) : { code: Code.NOT_FOUND, message: 'Not Found', details: [] };
    socket.send(JSON.stringify(frame), () => socket.terminate());
  };

  return {
    attach: (server) => {
      server.on('upgrade', (request, socket: Duplex, head) => {
        const { pathname } = new URL(request.url ?? '/', 'http://bridge');
        sockets.handleUpgrade(request, socket, head, (opened) => void serve(opened, pathname));
      });
    },
    close: () => {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    },
  };
}

async function answerOf(watch: GameServerWatch, client: Pick<AgonesClient, 'getGameServer'>): Promise<unknown> {
  try {
    return restView(await newest(watch, client));
  } catch (cause) {
    const { code, details } = serviceFault(cause);
    return { code, message: details, details: [] };
  }
}
