/** One player's datagrams to the sample server, without its client: to see what a single one comes to. */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Admission } from '../../contracts/allocator.ts';
import type { Address } from '../../contracts/words.ts';
import { datagramEnding } from '../../runtime/routing-token.ts';
import { PACKET, RANDOM_BYTES } from '../../local/demo/packet-cipher.ts';

export interface Hello {
  readonly to: Address;
  readonly playerId: string;
  /** Base64url; nothing is put behind the datagram where it is undefined. */
  readonly token: string | undefined;
}

export interface Answer {
  /** `welcome`: the game server knows the player. `no`: it does not. */
  readonly kind: keyof typeof PACKET;
  readonly ms: number;
}

/** @returns undefined where nothing answers within so long; the hello is sent again meanwhile, as a datagram may be lost. */
export async function sayHello({ to, playerId, token }: Hello, withinMs: number): Promise<Answer | undefined> {
  const socket = createSocket('udp4');
  const random = randomBytes(RANDOM_BYTES);
  const datagram = [Buffer.from([PACKET.hello]), random, Buffer.from(playerId), datagramEnding(token)];
  const answered = Promise.withResolvers<Answer | undefined>();
  let sentAt = 0;
  const send = () => {
    sentAt = performance.now();
    socket.send(datagram);
  };
  socket.on('message', (answer) => {
    const kind = (Object.keys(PACKET) as (keyof typeof PACKET)[]).find((name) => PACKET[name] === answer[0]);
    if (kind !== undefined && answer.subarray(1, 1 + RANDOM_BYTES).equals(random))
      answered.resolve({ kind, ms: performance.now() - sentAt });
  });
  socket.on('error', (error) => answered.reject(error));
  socket.connect(to.port, to.host);
  await once(socket, 'connect');
  send();
  const again = setInterval(send, RESEND_MS);
  const enough = setTimeout(() => answered.resolve(undefined), withinMs);
  try {
    return await answered.promise;
  } finally {
    clearInterval(again);
    clearTimeout(enough);
    socket.close();
  }
}

const RESEND_MS = 250;

/** Another token of the same length. */
export function forged({ routingToken = '' }: Pick<Admission, 'routingToken'>): string {
  return randomBytes(Buffer.from(routingToken, 'base64url').length).toString('base64url');
}
