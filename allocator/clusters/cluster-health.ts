/**
 * Whether a cluster may be asked: a breaker, opened by the first sign that it does not answer, closed only by a probe.
 *
 *   closed ──(no answer, refused, five bad answers in a row)──▶ open ──(a wait)──▶ half-open ──(probe and census fresh)──▶ closed
 *                                                                 ▲                    │
 *                                                                 └────────────────────┘
 * No request of a player ever runs while it is not closed: only `probe` does, off their path.
 */
import {
  CircuitState,
  ConsecutiveBreaker,
  ExponentialBackoff,
  circuitBreaker,
  handleWhen,
  type CircuitBreakerPolicy,
  type IBackoff,
  type IBackoffFactory,
} from 'cockatiel';
import { AppError } from '../../contracts/app-error.ts';
import { pause } from '../../runtime/deadline.ts';
import type { Log } from '../../runtime/log.ts';

export type BreakerState = 'closed' | 'open' | 'half-open';

export interface HealthView {
  /** `unknown` until its game servers were listed for the first time. */
  readonly state: 'healthy' | 'unhealthy' | 'unknown';
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly breaker: BreakerState;
  /** Of the present outage, else of the last one. */
  readonly lastError: { readonly at: number; readonly message: string } | undefined;
}

export interface HealthParts {
  readonly log: Log;
  readonly now: () => number;
  /** Probes begin this soon after an outage, in milliseconds, and grow rarer up to the second. */
  readonly probeMs: { readonly first: number; readonly most: number };
  readonly changed: (breaker: BreakerState) => void;
}

/** An API server that answers with errors is there: only so many in a row make it as good as away. */
const BAD_ANSWERS = 5;
/** A cluster that falls ill again sooner than this after it came back is probed ever more rarely. Milliseconds. */
const STEADY_MS = 30_000;
/** Only someone who may change cluster or rights can mend these. */
const OPERATORS_FAULT: ReadonlySet<string> = new Set(['unauthenticated', 'forbidden', 'not-found', 'invalid']);

export function isOperatorsFault(error: unknown): boolean {
  return error instanceof AppError && OPERATORS_FAULT.has(error.kind);
}

export class ClusterHealth {
  readonly #parts: HealthParts;
  readonly #waits: Waits;
  readonly #breaker: CircuitBreakerPolicy;
  #known = false;
  #since: number;
  #lastError: HealthView['lastError'];
  #badAnswers = 0;
  #isOut = false;
  /** What this outage was said to be. */
  #said: string | undefined;
  #opened = Promise.withResolvers<void>();

  constructor(parts: HealthParts) {
    this.#parts = parts;
    this.#since = parts.now();
    this.#waits = new Waits(parts.probeMs, parts.now);
    this.#breaker = circuitBreaker(
      handleWhen((error) => this.#counts(error)),
      { breaker: new ConsecutiveBreaker(1), halfOpenAfter: this.#waits },
    );
    this.#breaker.onStateChange(() => this.#moved());
  }

  get closed(): boolean {
    return this.#breaker.state === CircuitState.Closed;
  }

  get view(): HealthView {
    const state = !this.closed ? 'unhealthy' : this.#known ? 'healthy' : 'unknown';
    return { state, since: this.#since, breaker: nameOf(this.#breaker.state), lastError: this.#lastError };
  }

  /** The census was filled for the first time. */
  known(): void {
    if (this.#known) return;
    this.#known = true;
    if (!this.closed) return;
    this.#since = this.#parts.now();
    this.#parts.log.info('the cluster answers');
  }

  /** @throws what the work throws; AppError `cluster_left_out` while the breaker is not closed. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    // The breaker itself would let one of them through as its probe.
    if (!this.closed) throw new AppError('unavailable', 'cluster_left_out', 'the cluster is left out until it answers again');
    const done = await this.#breaker.execute(work);
    this.#badAnswers = 0;
    return done;
  }

  /** A list or a watch could not be had. */
  failed(error: unknown): void {
    if (this.closed) this.run(() => Promise.reject(error instanceof Error ? error : new Error(String(error)))).catch(() => {});
    else this.#note(error);
  }

  /** For the lifecycle: while the breaker is open, tries whether it may be closed. `check` throws while it may not. */
  async probe(check: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const stopped = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => stopped.resolve(), { once: true });
    while (!signal.aborted) {
      if (this.closed) await Promise.race([this.#opened.promise, stopped.promise]);
      // Polls while the cluster is away: nobody tells us when it is back.
      else await pause(this.#waits.ms, signal);
      if (!signal.aborted && !this.closed) await this.#breaker.execute(check).catch(() => {});
    }
  }

  #counts(error: unknown): boolean {
    // Only probes run then, and a probe has passed or it has not.
    const counts = !this.closed || this.#opens(error);
    if (counts) this.#note(error);
    return counts;
  }

  #opens(error: unknown): boolean {
    if (!(error instanceof AppError) || error.code !== 'cluster_answer' || isOperatorsFault(error)) return true;
    if (error.kind === 'rate-limited') return false;
    this.#badAnswers += 1;
    return this.#badAnswers >= BAD_ANSWERS;
  }

  /** Once an outage, and once more when it turns out to be something else. */
  #note(cause: unknown): void {
    const message = cause instanceof Error ? cause.message : String(cause);
    this.#lastError = { at: this.#parts.now(), message };
    const kind = cause instanceof AppError && isOperatorsFault(cause) ? cause.kind : 'away';
    if (this.#said === kind) return;
    this.#said = kind;
    if (kind === 'away') this.#parts.log.warn('the cluster does not answer; it is left out until it does', { cause });
    else this.#parts.log.error('the cluster refuses what we need; it is left out until that is mended', { fault: message });
  }

  #moved(): void {
    const { state } = this.#breaker;
    if (state === CircuitState.Open) {
      if (!this.#isOut) this.#since = this.#parts.now();
      this.#isOut = true;
      this.#badAnswers = 0;
      this.#waits.closedAt = undefined;
      this.#opened.resolve();
    }
    if (state === CircuitState.Closed) {
      this.#isOut = false;
      this.#opened = Promise.withResolvers<void>();
      this.#waits.closedAt = this.#since = this.#parts.now();
      this.#said = undefined;
      this.#parts.log.info('the cluster answers');
    }
    this.#parts.changed(nameOf(state));
  }
}

/** Growing waits with jitter. They remember a cluster that comes and goes, and whoever probes can read the present one. */
class Waits implements IBackoffFactory<unknown> {
  readonly #first: () => IBackoff<unknown>;
  readonly #now: () => number;
  #wait: IBackoff<unknown> | undefined;
  closedAt: number | undefined;

  constructor({ first, most }: HealthParts['probeMs'], now: () => number) {
    this.#first = () => new ExponentialBackoff({ initialDelay: first, maxDelay: most }).next();
    this.#now = now;
  }

  get ms(): number {
    // A little more than the breaker waits itself, since its clock and our timer differ.
    return (this.#wait?.duration ?? 0) + 2;
  }

  next(): IBackoff<unknown> {
    const steady = this.closedAt !== undefined && this.#now() - this.closedAt >= STEADY_MS;
    this.#wait = this.#wait === undefined || steady ? this.#first() : this.#wait.next(undefined);
    return { duration: this.#wait.duration, next: () => this.next() };
  }
}

function nameOf(state: CircuitState): BreakerState {
  if (state === CircuitState.Closed) return 'closed';
  return state === CircuitState.HalfOpen ? 'half-open' : 'open';
}
