import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { reservePort } from './reserve-port.ts';

/** Below Linux' ephemeral range (32768…), so that an outgoing connection never sits on a port that was found free here. */
const LOWEST = 15_000;
const HIGHEST = 32_000;

/**
 * A port of 127.0.0.1 that nobody listens on now, over TCP nor UDP, and that no other process draws while this one lives.
 * Whoever does not draw here may bind it all the same: whoever is handed it binds it soon.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries += 1) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (!drawn.has(port) && (await isPortFree(port)) && reservePort(port)) {
      drawn.add(port);
      return port;
    }
  }
  throw new Error(`No free port found between ${LOWEST} and ${HIGHEST}`);
}

/** Whether nobody listens on the port of 127.0.0.1, over TCP nor UDP. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await tcpFree(port)) && (await udpFree(port));
}

/** Never drawn twice by one process, whether or not the first drawer has bound it yet: its own reservations do not hold it off. */
const drawn = new Set<number>();

function tcpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function udpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}
