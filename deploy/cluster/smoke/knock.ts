/** Whether a game port is reached: one datagram, and what comes back. */
import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import { datagramEnding } from '../../../runtime/routing-token.ts';

/** `answered`: a server that speaks the sample server's protocol. `silent`: nothing came back, as from a server that does not. */
export type Knocked = 'answered' | 'silent';
export type Knock = (
  /** With the routing token where it is an edge's. */
  address: { readonly host: string; readonly port: number; readonly routingToken?: string | undefined },
  playerId: string,
  random: Buffer,
  withinMs?: number,
) => Promise<Knocked>;

const HELLO = 1;
const WELCOME = 2;
const NO = 4;
/** UDP loses packets: a hello is sent again until something comes. */
const AGAIN_MS = 250;
const WITHIN_MS = 5_000;

/** As a player begins: `unreal/sample-server/PROTOCOL.md`. @param random 16 bytes. @throws where the port is closed. */
export const knock: Knock = (address, playerId, random, withinMs = WITHIN_MS) =>
  new Promise((resolve, reject) => {
    const socket = createSocket(isIP(address.host) === 6 ? 'udp6' : 'udp4');
    const hello = Buffer.concat([Buffer.from([HELLO]), random, Buffer.from(playerId), datagramEnding(address.routingToken)]);
    const end = (settle: () => void): void => {
      clearInterval(again);
      clearTimeout(late);
      socket.close();
      settle();
    };
    const send = (): void => socket.send(hello);
    let again: NodeJS.Timeout | undefined;
    const late = setTimeout(() => end(() => resolve('silent')), withinMs);
    socket.on('message', (datagram) => {
      const isAnswer = (datagram[0] === WELCOME || datagram[0] === NO) && datagram.subarray(1, 1 + random.length).equals(random);
      if (isAnswer) end(() => resolve('answered'));
    });
    socket.on('error', (cause) =>
      end(() => reject(new Error(`${address.host}:${address.port} takes no packets: ${cause.message}`, { cause }))),
    );
    // A connected socket is told of a port that is closed.
    socket.connect(address.port, address.host, () => {
      send();
      again = setInterval(send, AGAIN_MS);
    });
  });
