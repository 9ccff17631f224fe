/** The stack's ports, kept from start to start, so that URLs and a database's own address stay what they were. */
import { createSocket } from 'node:dgram';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { freePort, isPortFree } from '../processes/free-port.ts';

const Book = z.record(z.string(), z.int());

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export interface PortBook {
  /** The port that `name` had, or a new one where that is taken now. */
  port(name: string): Promise<number>;
  /** A range for the game servers of one cluster, which no other stack of this machine uses. */
  range(name: string): Promise<PortRange>;
  save(): Promise<void>;
  /** Gives the ranges back. */
  close(): void;
}

/** Ranges lie below the ports that `freePort` draws from. */
const RANGES = { lowest: 7_000, size: 500, count: 16 } as const;

export async function openPortBook(file: string): Promise<PortBook> {
  const book = await read(file);
  const claims: { close(): void }[] = [];
  return {
    async port(name) {
      const before = book[name];
      return (book[name] = before !== undefined && (await isPortFree(before)) ? before : await freePort());
    },
    async range(name) {
      const before = book[name];
      const all = Array.from({ length: RANGES.count }, (_, index) => RANGES.lowest + index * RANGES.size);
      for (const first of before === undefined ? all : [before, ...all]) {
        const last = first + RANGES.size - 1;
        // Whoever has bound a range's last port owns the range; the system takes it back when the owner dies.
        const claim = await bindUdp(last);
        if (claim === undefined) continue;
        claims.push(claim);
        book[name] = first;
        return { first, last: last - 1 };
      }
      throw new Error('Every range of game server ports is taken: too many stacks run on this machine');
    },
    async save() {
      await writeFile(`${file}.new`, `${JSON.stringify(book, null, 2)}\n`);
      await rename(`${file}.new`, file);
    },
    close() {
      for (const claim of claims.splice(0)) claim.close();
    },
  };
}

async function read(file: string): Promise<Record<string, number>> {
  try {
    return Book.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return {};
  }
}

function bindUdp(port: number): Promise<{ close(): void } | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      resolve(undefined);
    });
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => resolve(socket.unref()));
  });
}
