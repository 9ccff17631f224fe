/** Between a game server and its bridge: passes everything on, says what was asked, and cuts or refuses the stream when told to. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { STREAM_PATH } from '../../contracts/bridge-api/stream.ts';

export class StreamRelay {
  /** Method and target of every request, in order. */
  readonly asked: string[] = [];
  refusing = false;
  readonly #server: Server;
  readonly #all = new Set<Socket>();
  readonly #streams = new Set<Socket>();

  private constructor(bridgePort: number) {
    this.#server = createServer((game) => {
      this.#all.add(game);
      game.on('close', () => this.#all.delete(game));
      game.on('error', () => game.destroy());
      game.once('data', (head: Buffer) => this.#pass(game, head, bridgePort));
    });
  }

  static async open(bridgePort: number): Promise<StreamRelay> {
    const relay = new StreamRelay(bridgePort);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  cut(): void {
    for (const game of this.#streams) game.destroy();
  }

  close(): void {
    for (const game of this.#all) game.destroy();
    this.#server.close();
  }

  #pass(game: Socket, head: Buffer, bridgePort: number): void {
    const request = head.toString('latin1').split(' ', 2).join(' ');
    this.asked.push(request);
    const isStream = request.startsWith(`GET ${STREAM_PATH}`);
    if (isStream && this.refusing) return void game.destroy();
    if (isStream) {
      this.#streams.add(game);
      game.on('close', () => this.#streams.delete(game));
    }
    const bridge = connect(bridgePort, '127.0.0.1');
    bridge.write(head);
    game.pipe(bridge).pipe(game);
    bridge.on('error', () => game.destroy());
    bridge.on('close', () => game.destroy());
    game.on('close', () => bridge.destroy());
  }
}
