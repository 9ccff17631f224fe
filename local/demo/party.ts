/** A party meets before it queues: its members wait for each other, then go under one name. */
import { pause } from '../../runtime/deadline.ts';

interface Meeting {
  here: number;
  readonly complete: PromiseWithResolvers<string>;
}

export class Party {
  readonly size: number;
  readonly #name: string;
  #round = 0;
  #meeting: Meeting = newMeeting();

  constructor(name: string, size: number) {
    this.#name = name;
    this.size = size;
  }

  /** The name under which all members queue this time; undefined when the signal or the time's end came before the others did. */
  async meet(signal: AbortSignal, withinMs: number): Promise<string | undefined> {
    const meeting = this.#meeting;
    meeting.here += 1;
    if (meeting.here === this.size) {
      this.#round += 1;
      this.#meeting = newMeeting();
      meeting.complete.resolve(`${this.#name}.${this.#round}`);
    }
    const waited = new AbortController();
    const patience = pause(withinMs, AbortSignal.any([signal, waited.signal])).then(() => undefined);
    const name = await Promise.race([meeting.complete.promise, patience]);
    waited.abort();
    // Complete in the same moment: then the others have gone ahead, and so does this one.
    if (name === undefined && this.#meeting !== meeting) return meeting.complete.promise;
    if (name === undefined) meeting.here -= 1;
    return name;
  }
}

function newMeeting(): Meeting {
  return { here: 0, complete: Promise.withResolvers() };
}
