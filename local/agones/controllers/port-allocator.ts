/** Host ports for game servers. All nodes of a stand-in are one machine, so a port is given out once per cluster. */
import type { GameServer, GameServerPort } from '../resources/game-server.ts';

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

const isGiven = ({ portPolicy }: GameServerPort): boolean => portPolicy === 'Dynamic' || portPolicy === 'Passthrough';

export class PortAllocator {
  readonly #range: PortRange;
  readonly #holders = new Map<number, string>();
  #next: number;

  constructor(range: PortRange) {
    this.#range = range;
    this.#next = range.first;
  }

  /** Takes in what a game server already has, after a restart of the stand-in. */
  observe(gameServer: GameServer): void {
    for (const port of gameServer.spec.ports ?? []) {
      if (isGiven(port) && port.hostPort !== undefined) this.#holders.set(port.hostPort, gameServer.metadata.uid);
    }
  }

  /** The ports with a host port each, or nothing when the range is used up or is not known. */
  allocate(gameServer: GameServer): GameServerPort[] | undefined {
    const ports: GameServerPort[] = [];
    for (const port of gameServer.spec.ports ?? []) {
      if (!isGiven(port)) {
        ports.push(port);
        continue;
      }
      const free = (port.range ?? 'default') === 'default' ? this.#take(gameServer.metadata.uid) : undefined;
      if (free === undefined) {
        this.release(gameServer.metadata.uid);
        return undefined;
      }
      ports.push(...opened(port, free));
    }
    return ports;
  }

  release(uid: string): void {
    for (const [port, holder] of this.#holders) if (holder === uid) this.#holders.delete(port);
  }

  /** Goes round the range, so that a port rests before it is used again. */
  #take(uid: string): number | undefined {
    const { first, last } = this.#range;
    for (let tried = first; tried <= last; tried += 1) {
      const port = this.#next;
      this.#next = port >= last ? first : port + 1;
      if (this.#holders.has(port)) continue;
      this.#holders.set(port, uid);
      return port;
    }
    return undefined;
  }
}

/** One port for both protocols becomes two entries with the same number. */
function opened(port: GameServerPort, hostPort: number): GameServerPort[] {
  const found: GameServerPort = {
    ...port,
    hostPort,
    ...(port.portPolicy === 'Passthrough' ? { containerPort: hostPort } : {}),
  };
  if (port.protocol !== 'TCPUDP') return [found];
  return [
    { ...found, name: `${port.name ?? ''}-tcp`, protocol: 'TCP' },
    { ...found, name: `${port.name ?? ''}-udp`, protocol: 'UDP' },
  ];
}
