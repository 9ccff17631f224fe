/** A party meets before it queues: its members wait for each other, then go under one name. */
import { pause } from '../../runtime/deadline.ts';

export class Party {
  readonly size: number;
  readonly #name: string;
  #round = 0;
  #here = 0;
  #meeting = Promise.withResolvers<string>();

  constructor(name: string, size: number) {
    this.#name = name;
    this.size = size;
  }

  /** The name under which all members queue this time; undefined when the signal came first, or the others did not come in time. */
  async meet(signal: AbortSignal, withinMs: number): Promise<string | undefined> {
    const { promise, resolve } = this.#meeting;
    this.#here += 1;
    if (this.#here === this.size) {
      this.#here = 0;
      this.#round += 1;
      this.#meeting = Promise.withResolvers();
      resolve(`${this.#name}.${this.#round}`);
    }
    const met = new AbortController();
    const name = await Promise.race([promise, pause(withinMs, AbortSignal.any([signal, met.signal])).then(() => undefined)]);
    met.abort();
    if (name === undefined) this.#here -= 1;
    return name;
  }
}
