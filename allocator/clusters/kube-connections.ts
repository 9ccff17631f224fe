/** The connections of one identity: they know which of them have got as far as a request, and close when they are left. */
import { Agent, type RequestOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Credentials } from './kube-credentials.ts';

/** How far a request's connection had come. Only after `secured` can a byte of the request have left. */
export type Progress = 'none' | 'connected' | 'secured';

/** Dead peers are noticed by the kernel where nothing else is sent. Milliseconds. */
const KEEP_ALIVE_MS = 15_000;
const MOST_SOCKETS = 128;

export class KubeConnections {
  readonly agent: TrackingAgent;
  #users = 0;
  #left = false;

  constructor(tls: Credentials['tls']) {
    this.agent = new TrackingAgent({ keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, maxSockets: MOST_SOCKETS, ...tls });
  }

  /** Keeps them open until the answer is called. */
  use(): () => void {
    this.#users += 1;
    let using = true;
    return () => {
      if (!using) return;
      using = false;
      this.#users -= 1;
      this.#closeIfIdle();
    };
  }

  /** Nothing new goes over them: what is under way ends, a watch included, then they close. */
  leave(): void {
    this.#left = true;
    this.#closeIfIdle();
  }

  #closeIfIdle(): void {
    if (this.#left && this.#users === 0) this.agent.destroy();
  }
}

class TrackingAgent extends Agent {
  readonly #progress = new WeakMap<object, Progress>();

  progressOf(socket: Socket | null | undefined): Progress {
    return (socket ? this.#progress.get(socket) : undefined) ?? 'none';
  }

  override createConnection(options: RequestOptions, callback?: (error: Error | null, stream: Duplex) => void): Duplex | null | undefined {
    const socket = super.createConnection(options, callback);
    socket?.once('connect', () => this.#progress.set(socket, 'connected'));
    socket?.once('secureConnect', () => this.#progress.set(socket, 'secured'));
    return socket;
  }
}
