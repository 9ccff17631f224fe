/**
 * A player's connection to the sample game server (`unreal/sample-server/PROTOCOL.md`), for bots and tests.
 *
 *     const game = await GameConnection.connect({ address, playerId, admission, signal });
 *     await game.move(3, 4, { until: 'durable' });
 *     await game.leave();
 */
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import type { Admission } from '../../contracts/allocator.ts';
import { AppError } from '../../contracts/app-error.ts';
import { datagramEnding } from '../../runtime/routing-token.ts';
import { answerWithin, type WaitOptions } from './answer-within.ts';
import { readGameMessage, type Ack, type GameMessage, type GameState, type Joined } from './game-messages.ts';
import { PACKET, PacketCipher, RANDOM_BYTES } from './packet-cipher.ts';

export interface ConnectOptions {
  readonly address: { readonly host: string; readonly port: number };
  readonly playerId: string;
  /** As matchmaker and allocator give it. */
  readonly admission: Pick<Admission, 'joinTicket' | 'packetKey' | 'routingToken'>;
  readonly signal?: AbortSignal;
  /** Until joined or refused. */
  readonly timeoutMs?: number;
}

export interface MoveOptions extends WaitOptions {
  /** accepted: on the game server's pod. durable: stored, which alone is promised (the default where a world is played). */
  readonly until?: 'accepted' | 'durable';
}

/** left: by `leave`. bye: the server said so. silent, unreachable: it is gone. closed: by `close`. */
export interface Closed {
  readonly reason: 'left' | 'bye' | 'silent' | 'unreachable' | 'closed';
  readonly detail: string;
}

interface Events {
  state: [GameState];
  ack: [Ack];
  closed: [Closed];
}

const BEAT_MS = 50;
const ANSWER_MS = 250;
const DURABLE_MS = 1_000;
const PING_MS = 1_000;
const SILENCE_MS = 5_000;
/** What passes by itself: the move is sent again. */
const PASSING = new Set(['busy', 'gap']);

interface PendingMove {
  readonly text: string;
  sendAt: number;
  accepted: boolean;
  readonly until: 'accepted' | 'durable';
  readonly settle: PromiseWithResolvers<Ack>;
}

export class GameConnection extends EventEmitter<Events> {
  /** Resolves once when the connection is over, never rejects. */
  readonly closed: Promise<Closed>;
  /** Numbers of the moves whose durable ack has come by this connection: the player's ledger. */
  readonly durableMoves = new Set<number>();

  readonly #options: ConnectOptions;
  readonly #socket: Socket;
  readonly #random = randomBytes(RANDOM_BYTES);
  /** Ends every datagram, where the address is an edge's. */
  readonly #ending: Buffer;
  readonly #joining = Promise.withResolvers<Joined>();
  readonly #closing = Promise.withResolvers<Closed>();
  readonly #moves = new Map<number, PendingMove>();
  readonly #beat: NodeJS.Timeout;
  #cipher: PacketCipher | undefined;
  #joined: Joined | undefined;
  #nextMove = 1;
  #leaving: { readonly forGood: boolean } | undefined;
  #over = false;
  #heardAt = Date.now();
  #askAt = 0;
  #pingAt = 0;

  /**
   * Shakes hands and joins.
   * @throws AppError `forbidden` with code `join_<refusal>` (`join_expired`, `join_used`, `join_no_seat` …); `timeout`; `unavailable`.
   */
  static async connect(options: ConnectOptions): Promise<GameConnection> {
    options.signal?.throwIfAborted();
    const connection = new GameConnection(options);
    try {
      await answerWithin(connection.#joining.promise, 'join_timeout', options);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  private constructor(options: ConnectOptions) {
    super();
    this.#options = options;
    this.#ending = datagramEnding(options.admission.routingToken);
    this.closed = this.#closing.promise;
    this.#socket = createSocket('udp4');
    this.#socket.on('message', (datagram) => this.#receive(datagram));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#failed(error));
    this.#socket.connect(options.address.port, options.address.host, () => this.#tick());
    // Polled, since each datagram may be lost and has a time of its own to be sent again.
    this.#beat = setInterval(() => this.#tick(), BEAT_MS);
  }

  /** What the server said at the join. */
  get joined(): Joined {
    if (this.#joined === undefined) throw new Error('there is no connection before it is joined');
    return this.#joined;
  }

  /** Goes to (x, y); resolves with the ack asked for. @throws AppError `conflict` with code `move_<reason>`, `timeout`, `unavailable`. */
  async move(x: number, y: number, options: MoveOptions = {}): Promise<Ack> {
    const hasWorld = this.joined.world !== null;
    const until = options.until ?? (hasWorld ? 'durable' : 'accepted');
    if (until === 'durable' && !hasWorld) throw new AppError('invalid', 'no_world', 'nothing becomes durable where no world is played');
    if (this.#over) throw gone();
    options.signal?.throwIfAborted();
    const n = this.#nextMove++;
    const pending: PendingMove = {
      text: JSON.stringify({ t: 'move', n, x, y }),
      sendAt: 0,
      accepted: false,
      until,
      settle: Promise.withResolvers(),
    };
    this.#moves.set(n, pending);
    this.#sendMoves(Date.now());
    return answerWithin(pending.settle.promise, 'move_timeout', options);
  }

  /** Gives the seat up, for good or for the grace only; resolves when the server has heard it. */
  async leave(options: WaitOptions & { readonly forGood?: boolean } = {}): Promise<void> {
    if (this.#over) return;
    this.#leaving = { forGood: options.forGood ?? true };
    this.#askAt = 0;
    this.#tick();
    await answerWithin(this.closed, 'leave_timeout', options);
  }

  /** Goes without a word, as a player whose machine is switched off. */
  close(): void {
    this.#end({ reason: 'closed', detail: 'closed by the player' });
  }

  #tick(): void {
    if (this.#over) return;
    const now = Date.now();
    if (this.#joined !== undefined && now - this.#heardAt > SILENCE_MS)
      return this.#end({ reason: 'silent', detail: 'the server is silent' });
    if (now >= this.#askAt) {
      this.#askAt = now + ANSWER_MS;
      this.#ask();
    }
    if (this.#joined === undefined) return;
    if (now >= this.#pingAt) {
      this.#pingAt = now + PING_MS;
      this.#say({ t: 'ping', at: now });
    }
    this.#sendMoves(now);
  }

  /** The one question that is open: hello, join or leave. */
  #ask(): void {
    if (this.#cipher === undefined)
      this.#send(Buffer.concat([Buffer.from([PACKET.hello]), this.#random, Buffer.from(this.#options.playerId)]));
    else if (this.#joined === undefined) this.#say({ t: 'join', ticket: this.#options.admission.joinTicket });
    else if (this.#leaving !== undefined) this.#say({ t: 'leave', forGood: this.#leaving.forGood });
  }

  #sendMoves(now: number): void {
    if (this.#cipher === undefined) return;
    for (const pending of this.#moves.values()) {
      if (now < pending.sendAt) continue;
      pending.sendAt = now + (pending.accepted ? DURABLE_MS : ANSWER_MS);
      this.#send(this.#cipher.seal(pending.text));
    }
  }

  #say(message: object): void {
    if (this.#cipher !== undefined) this.#send(this.#cipher.seal(JSON.stringify(message)));
  }

  #send(datagram: Buffer): void {
    try {
      this.#socket.send([datagram, this.#ending], (error) => {
        if (error) this.#failed(error);
      });
    } catch {
      // Not connected yet: the next beat sends it.
    }
  }

  #failed(error: NodeJS.ErrnoException): void {
    // Refused: no process has that port. Before the join it may still be about to open it.
    if (this.#joined !== undefined && error.code === 'ECONNREFUSED')
      this.#end({ reason: 'unreachable', detail: 'nothing listens at the address' });
    else if (error.code === 'ENOTFOUND')
      this.#joining.reject(new AppError('unavailable', 'address_unknown', error.message, { cause: error }));
  }

  #receive(datagram: Buffer): void {
    const kind = datagram[0];
    if (kind === PACKET.sealed) {
      const text = this.#cipher?.open(datagram);
      const message = text === undefined ? undefined : readGameMessage(text);
      if (message !== undefined) this.#hear(message);
      return;
    }
    const ours = datagram.subarray(1, 1 + RANDOM_BYTES).equals(this.#random);
    const rest = datagram.subarray(1 + RANDOM_BYTES);
    if (!ours || this.#cipher !== undefined) return;
    if (kind === PACKET.no && rest.toString() === 'no-seat')
      this.#joining.reject(refusal('no-seat', 'the server has no seat for this player'));
    if (kind !== PACKET.welcome || rest.length !== RANDOM_BYTES) return;
    this.#cipher = new PacketCipher(this.#options.admission.packetKey, this.#random, rest);
    this.#ask();
  }

  #hear(message: GameMessage): void {
    this.#heardAt = Date.now();
    switch (message.t) {
      case 'joined':
        if (this.#joined !== undefined) return;
        this.#joined = message;
        this.#nextMove = message.you.lastN + 1;
        return this.#joining.resolve(message);
      case 'refused':
        return this.#joining.reject(refusal(message.refusal, message.detail));
      case 'ack':
        return this.#acknowledged(message);
      case 'nack':
        return this.#refused(message.n, message.reason);
      case 'state':
        return void this.emit('state', message);
      case 'left':
        return this.#end({ reason: 'left', detail: 'the player left' });
      case 'bye':
        return this.#end({ reason: 'bye', detail: message.reason });
      case 'pong':
        return;
    }
  }

  #acknowledged(ack: Ack): void {
    const pending = this.#moves.get(ack.n);
    if (pending === undefined) return;
    pending.accepted = true;
    pending.sendAt = Date.now() + DURABLE_MS;
    const last = ack.durable || this.joined.world === null;
    if (last) this.#moves.delete(ack.n);
    if (ack.durable) this.durableMoves.add(ack.n);
    if (last || pending.until === 'accepted') pending.settle.resolve(ack);
    this.emit('ack', ack);
  }

  #refused(n: number, reason: string): void {
    const pending = this.#moves.get(n);
    if (pending === undefined || PASSING.has(reason)) return;
    this.#moves.delete(n);
    pending.settle.reject(new AppError('conflict', `move_${reason.replaceAll('-', '_')}`, `move ${n} was refused: ${reason}`));
  }

  #end(closed: Closed): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#beat);
    this.#joining.reject(gone());
    // A refusal that nobody waits for is no fault.
    this.#joining.promise.catch(() => {});
    for (const { settle } of this.#moves.values()) {
      settle.promise.catch(() => {});
      settle.reject(gone());
    }
    this.#moves.clear();
    // Not from inside a callback of the socket itself.
    setImmediate(() => this.#socket.close());
    this.#closing.resolve(closed);
    this.emit('closed', closed);
  }
}

function refusal(reason: string, detail: string): AppError {
  return new AppError('forbidden', `join_${reason.replaceAll('-', '_')}`, detail);
}

function gone(): AppError {
  return new AppError('unavailable', 'connection_closed', 'the connection to the game server is over');
}
