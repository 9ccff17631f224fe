/** The player's end of the game server's datagrams: layout and encryption as `unreal/sample-server/PROTOCOL.md` says. */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';

export const PACKET = { hello: 1, welcome: 2, sealed: 3, no: 4 } as const;

export const RANDOM_BYTES = 16;
const HEADER_BYTES = 9;
const TAG_BYTES = 16;
const LABEL = 'lifeverse/udp/1';

type Direction = 'c' | 's';

export class PacketCipher {
  readonly #sendKey: Buffer;
  readonly #receiveKey: Buffer;
  #sent = 0n;
  /** Counters taken; small ones are forgotten together with the right to be taken. */
  readonly #taken = new Set<bigint>();
  #oldest = 0n;

  /** @param packetKey base64url, as the allocator gives it */
  constructor(packetKey: string, client: Buffer, server: Buffer) {
    const key = Buffer.from(packetKey, 'base64url');
    this.#sendKey = keyOf(key, 'c', client, server);
    this.#receiveKey = keyOf(key, 's', client, server);
  }

  seal(text: string): Buffer {
    const header = Buffer.alloc(HEADER_BYTES);
    header[0] = PACKET.sealed;
    header.writeBigUInt64BE(++this.#sent, 1);
    const cipher = createCipheriv('aes-256-gcm', this.#sendKey, nonceOf('c', header)).setAAD(header);
    return Buffer.concat([header, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  }

  /** The text, or undefined where the datagram is forged, damaged or was taken before. */
  open(datagram: Buffer): string | undefined {
    if (datagram.length < HEADER_BYTES + TAG_BYTES) return undefined;
    const header = datagram.subarray(0, HEADER_BYTES);
    const counter = header.readBigUInt64BE(1);
    if (counter <= this.#oldest || this.#taken.has(counter)) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', this.#receiveKey, nonceOf('s', header)).setAAD(header);
    decipher.setAuthTag(datagram.subarray(-TAG_BYTES));
    try {
      const text = Buffer.concat([decipher.update(datagram.subarray(HEADER_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8');
      this.#take(counter);
      return text;
    } catch {
      return undefined;
    }
  }

  #take(counter: bigint): void {
    this.#taken.add(counter);
    if (counter - this.#oldest <= 2_048n) return;
    this.#oldest = counter - 1_024n;
    for (const taken of this.#taken) if (taken <= this.#oldest) this.#taken.delete(taken);
  }
}

function keyOf(packetKey: Buffer, direction: Direction, client: Buffer, server: Buffer): Buffer {
  return createHmac('sha256', packetKey).update(LABEL).update(direction).update(client).update(server).digest();
}

function nonceOf(direction: Direction, header: Buffer): Buffer {
  return Buffer.concat([Buffer.from([direction.charCodeAt(0), 0, 0, 0]), header.subarray(1)]);
}
