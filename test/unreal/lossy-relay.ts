/** A bad network between one player and a server: datagrams are lost, doubled, late and damaged, by a seed. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

export class LossyRelay {
  readonly #front: Socket = createSocket('udp4');
  readonly #back: Socket = createSocket('udp4');
  readonly #timers = new Set<NodeJS.Timeout>();
  #player: { address: string; port: number } | undefined;
  #random: number;
  /** Every datagram of the player that was passed on, for replays. */
  readonly recorded: Buffer[] = [];

  constructor(seed: number) {
    this.#random = seed;
  }

  /** The port that the player takes for the server's. */
  async open(serverPort: number): Promise<number> {
    this.#front.bind(0, '127.0.0.1');
    await once(this.#front, 'listening');
    this.#back.connect(serverPort, '127.0.0.1');
    await once(this.#back, 'connect');
    this.#front.on('message', (datagram, from) => {
      this.#player = from;
      this.recorded.push(datagram);
      this.#pass(datagram, (bytes) => this.toServer(bytes));
    });
    this.#back.on('message', (datagram) =>
      this.#pass(datagram, (bytes) => this.#player && this.#front.send(bytes, this.#player.port, this.#player.address)),
    );
    this.#back.on('error', () => {});
    return this.#front.address().port;
  }

  toServer(datagram: Buffer): void {
    this.#back.send(datagram);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#front.close();
    this.#back.close();
  }

  #pass(datagram: Buffer, send: (datagram: Buffer) => void): void {
    if (this.#luck() < 0.15) return;
    if (this.#luck() < 0.1) datagram = this.#damaged(datagram);
    const copies = this.#luck() < 0.25 ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        send(datagram);
      }, this.#luck() * 60);
      this.#timers.add(timer);
    }
  }

  #damaged(datagram: Buffer): Buffer {
    const copy = Buffer.from(datagram);
    const at = Math.floor(this.#luck() * copy.length);
    copy[at] = (copy[at] ?? 0) ^ 0x10;
    return copy;
  }

  /** mulberry32 */
  #luck(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
}
