/** Who is connected, as a game tells it: an alpha behind the gate `PlayerTracking`. A sidecar that comes back goes on from what is stored. */
import type { PlayerStatus } from './sidecar-game-server.ts';
import { unknown } from './sdk-error.ts';

export class PlayerTracking {
  readonly #isOn: boolean;
  readonly #onChange: () => void;
  #capacity: number;
  #ids: readonly string[];

  constructor(isOn: boolean, stored: PlayerStatus | null | undefined, onChange: () => void) {
    this.#isOn = isOn;
    this.#onChange = onChange;
    this.#capacity = stored?.capacity ?? 0;
    this.#ids = stored?.ids ?? [];
  }

  /** As it is written; undefined while the gate is off. */
  get status(): PlayerStatus | undefined {
    return this.#isOn ? { count: this.#ids.length, capacity: this.#capacity, ids: this.#ids } : undefined;
  }

  /** False for one who is connected already. */
  connect(id: string): boolean {
    const ids = this.connected;
    if (ids.includes(id)) return false;
    if (ids.length >= this.#capacity) throw unknown('players are already at capacity');
    this.#ids = [...ids, id];
    this.#onChange();
    return true;
  }

  /** False for one who is not connected. */
  disconnect(id: string): boolean {
    const ids = this.connected;
    if (!ids.includes(id)) return false;
    this.#ids = ids.filter((one) => one !== id);
    this.#onChange();
    return true;
  }

  setCapacity(capacity: number): void {
    this.#insistOn();
    this.#capacity = capacity;
    this.#onChange();
  }

  get capacity(): number {
    this.#insistOn();
    return this.#capacity;
  }

  get connected(): readonly string[] {
    this.#insistOn();
    return this.#ids;
  }

  #insistOn(): void {
    if (!this.#isOn) throw unknown('PlayerTracking not enabled');
  }
}
