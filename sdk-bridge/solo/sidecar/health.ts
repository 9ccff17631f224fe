/**
 * The judgement of the game's pings. It begins with the first question of the kubelet: a game that is never probed is
 * never unhealthy. Once the threshold is reached there is no way back.
 */
import type { Health } from './sidecar-game-server.ts';

export class HealthJudge {
  readonly #isDisabled: boolean;
  readonly #periodMs: number;
  readonly #threshold: number;
  readonly #onUnhealthy: () => void;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #lastPing: number | undefined;
  #judgedFrom = 0;
  #failures = 0;

  constructor(health: Health | undefined, onUnhealthy: () => void, now: () => number) {
    this.#isDisabled = health?.disabled === true;
    this.#periodMs = (health?.periodSeconds ?? 5) * 1_000;
    this.#threshold = health?.failureThreshold ?? 3;
    this.#onUnhealthy = onUnhealthy;
    this.#now = now;
  }

  /** Of the game's newest ping, as `now` tells it. */
  get lastPing(): number | undefined {
    return this.#lastPing;
  }

  ping(): void {
    this.#lastPing = this.#now();
    this.#failures = 0;
  }

  /** What the kubelet is answered; the first time it also starts the judgement. */
  isHealthy(): boolean {
    if (!this.#isDisabled && this.#timer === undefined) {
      this.#judgedFrom = this.#now();
      // The one clock that judges: a period without a ping is a failure.
      this.#timer = setInterval(() => this.#judge(), this.#periodMs);
    }
    return this.#isDisabled || this.#failures < this.#threshold;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #judge(): void {
    if (this.#now() - Math.max(this.#judgedFrom, this.#lastPing ?? 0) > this.#periodMs) this.#failures += 1;
    if (this.#failures >= this.#threshold) this.#onUnhealthy();
  }
}
