/** Agones' watch over WebSocket, as Unreal's plugin opens it. A socket stays when Agones' own sidecar restarts. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { GameServerWatch } from '../agones/game-server-watch.ts';
import { watchLine } from './rest-game-server.ts';
import { decodedPath, type RestSurface } from './rest-surface.ts';

export interface WatchSockets {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
}

/** A reader who is this far behind is let go, and comes back for the present state. */
const BEHIND_BYTES = 4 * 1024 * 1024;

export function createWatchSockets(watch: Pick<GameServerWatch, 'listen'>, rest: Pick<RestSurface, 'answer'>): WatchSockets {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    // What the game server sends is read and ignored, so little of it is enough.
    maxPayload: 64 * 1024,
    // Recorded: none is ever chosen.
    handleProtocols: () => false,
  });

  const serve = async (socket: WebSocket, request: IncomingMessage) => {
    socket.on('error', () => socket.terminate());
    const target = request.url ?? '/';
    if (decodedPath(target) === '/watch/gameserver') {
      const stop = watch.listen((gameServer) => {
        if (socket.bufferedAmount > BEHIND_BYTES) socket.terminate();
        else socket.send(watchLine(gameServer));
      });
      return void socket.once('close', stop);
    }
    // Recorded: any path upgrades; one frame with the answer of a GET, then the connection is cut.
    const { body } = await rest.answer({ method: 'GET', target, headers: [], body: Buffer.alloc(0) });
    socket.send(body, { binary: false }, () => socket.terminate());
  };

  return {
    upgrade: (request, socket, head) => {
      // An empty list is no list: Unreal may send the header without a protocol, which `ws` would refuse.
      if (request.headers['sec-websocket-protocol']?.trim() === '') delete request.headers['sec-websocket-protocol'];
      sockets.handleUpgrade(request, socket, head, (opened) => void serve(opened, request));
    },
    close: () => {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    },
  };
}
