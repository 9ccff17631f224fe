/** One cluster that runs Agones: ask it for a game server, look who carries a mark, release, watch. */
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { z } from 'zod';
import { AppError } from '../../contracts/app-error.ts';
import { pause } from '../../runtime/deadline.ts';
import type { Log } from '../../runtime/log.ts';
import { AskLimit } from './ask-limit.ts';
import { Census } from './census.ts';
import { agonesPath } from './agones-path.ts';
import type { ClusterConfig } from './cluster-config.ts';
import { ClusterHealth, type HealthView } from './cluster-health.ts';
import type { ClusterMetrics } from './cluster-metrics.ts';
import type { ClusterSettings } from './cluster-settings.ts';
import { FleetBook } from './fleet-book.ts';
import { followFleets } from './follow-fleets.ts';
import { followObjects } from './follow-objects.ts';
import { allocationOf, marksOf, outcomeOf, outcomeOfFailure, type Ask, type AskOutcome } from './game-server-allocation.ts';
import { annotationOf, carriedBy, deletionOf, gameServerOf, slimGameServer, type Carried, type GameServer } from './game-server.ts';
import { createInterruption } from './interruption.ts';
import type { Kinds } from './kinds.ts';
import type { KubeAnswer, KubeApi, KubeRequest } from './kube-api.ts';
import { answerError as unexpected, notDone } from './kube-errors.ts';

export type ReleaseOutcome = 'released' | 'gone' | 'changed' | 'not-ours';
/** Why nothing new goes to a cluster that is well. */
export type Bar = 'draining' | 'fleet-not-allowed' | 'busy';

export interface ClusterParts {
  readonly config: ClusterConfig;
  readonly api: KubeApi;
  readonly settings: ClusterSettings;
  readonly metrics: ClusterMetrics;
  readonly log: Log;
  /** Shared by all clusters. */
  readonly kinds: Kinds;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Longest that a look or a release may take, in milliseconds. */
const LOOK_MS = 5_000;
/** Whoever lost a race for a server may win the next. */
const CONTENTION_TRIES = 3;
const CONTENTION_MS = 20;
/** An API server that limits its callers without saying for how long. */
const THROTTLED_MS = 1_000;
/** Not worth another try with less than this left. */
const MIN_ASK_MS = 100;
const PROBE_TIMEOUT_MS = 2_000;
/** A broken connection need not mean a broken cluster. */
const FIRST_PROBE_MS = 100;
/** Off the path of requests: what may pass is tried again. */
const PATIENCE = retry(
  handleWhen((error) => error instanceof AppError && error.retryable && error.code !== 'cluster_left_out'),
  { maxAttempts: 2, backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 1_000 }) },
);

const List = z.object({ items: z.array(z.unknown()) });

export class AgonesCluster {
  readonly census: Census;
  readonly fleets = new FleetBook();
  readonly #api: KubeApi;
  readonly #settings: ClusterSettings;
  readonly #asks: AskLimit;
  readonly #metrics: ClusterMetrics;
  readonly #now: () => number;
  readonly #health: ClusterHealth;
  readonly #listeners: (() => void)[] = [];
  readonly #watches = { servers: createInterruption(), fleets: createInterruption() };
  readonly #log: Log;
  #config: ClusterConfig;
  /** Taken out of the file; it is kept for what is under way. */
  #leaving = false;
  #fresh = false;
  #heardAt: number | undefined;

  constructor({ config, api, settings, metrics, log, kinds, now }: ClusterParts) {
    this.#config = config;
    this.#api = api;
    this.#settings = settings;
    this.#asks = new AskLimit(settings.asksAtOnce, now);
    this.#metrics = metrics;
    this.#now = now;
    this.#log = log.with({ cluster: config.name });
    this.census = new Census(now, kinds);
    this.#health = new ClusterHealth({
      log: this.#log,
      now,
      probeMs: { first: Math.min(FIRST_PROBE_MS, settings.probeMs), most: settings.probeMs },
      changed: (breaker) => {
        metrics.breaker(config.name, breaker);
        // What the watch has not told by now it may never tell: it has to show that it still lives.
        if (breaker === 'open') for (const watch of Object.values(this.#watches)) watch.interrupt();
        if (breaker === 'closed') this.#tellUsable();
      },
    });
  }

  get config(): ClusterConfig {
    return this.#config;
  }

  /** False while its API does not answer; then only the probe asks it, off the path of requests. */
  get healthy(): boolean {
    return this.#health.closed && this.census.synced;
  }

  get health(): HealthView {
    return this.#health.view;
  }

  get draining(): boolean {
    return this.#config.drain || this.#leaving;
  }

  get asksInFlight(): number {
    return this.#asks.inFlight;
  }

  /** Milliseconds since the watch said something. */
  get watchAgeMs(): number | undefined {
    return this.#heardAt === undefined ? undefined : this.#now() - this.#heardAt;
  }

  /** @param fleet empty: whatever the fleet. */
  barred(fleet: string): Bar | undefined {
    if (this.draining) return 'draining';
    if (fleet !== '' && this.#config.fleets?.includes(fleet) === false) return 'fleet-not-allowed';
    return this.#asks.isFull ? 'busy' : undefined;
  }

  /** It may be asked again, after it could not: those who wait for its Ready servers have to be told. */
  onUsable(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** An edit of the clusters file. `moved`: how it is reached has changed, so it may be another one. */
  configure(config: ClusterConfig, { leaving, moved }: { leaving: boolean; moved: boolean }): void {
    this.#config = config;
    this.#leaving = leaving;
    if (moved) {
      this.fleets.forget();
      for (const watch of Object.values(this.#watches)) watch.interrupt(true);
    }
    if (!this.draining) this.#tellUsable();
  }

  /** Takes no longer than `timeoutMs`, whatever happens there. */
  async allocate(ask: Ask, timeoutMs: number): Promise<AskOutcome> {
    if (this.#asks.isFull)
      return { kind: 'not-taken', why: 'busy', cause: new AppError('unavailable', 'cluster_busy', 'the cluster is busy') };
    const done = this.#asks.begin(timeoutMs);
    try {
      return await this.#allocate(ask, this.#now() + timeoutMs);
    } finally {
      const wasBusy = this.#asks.isFull;
      done();
      if (wasBusy) this.#tellUsable();
    }
  }

  /**
   * Asks the API server itself, not the census, who carries an attempt. With `withinMs` it is one try, also while the cluster is left out:
   * for an ask in doubt. @throws AppError when it does not answer.
   */
  async findCarrier(owner: string, uid: string, attempt: number, withinMs?: number): Promise<GameServer | undefined> {
    const selector = Object.entries(marksOf({ owner, uid, attempt }))
      .map(([name, value]) => `${name}=${value}`)
      .join(',');
    const path = `${agonesPath(this.config.namespace, 'gameservers')}?labelSelector=${encodeURIComponent(selector)}`;
    const look = async () => {
      const answer = await this.#api.send({ method: 'GET', path, timeoutMs: withinMs ?? LOOK_MS });
      if (answer.status !== 200) throw unexpected('list', answer.status, answer.body);
      return List.parse(answer.body).items.map(gameServerOf)[0];
    };
    return withinMs === undefined ? this.#patiently(look) : look();
  }

  /** Asks the API server itself for one game server, and for what it carries of its session. @throws AppError when it does not answer. */
  async look(name: string): Promise<({ server: GameServer } & Carried) | undefined> {
    const answer = await this.#send('GET', name);
    if (answer.status === 404) return undefined;
    return { server: gameServerOf(answer.body), ...carriedBy(answer.body) };
  }

  /** Deletes the server if it still is what we know of it: same object, same version, our mark. */
  async release(server: GameServer, owner: string): Promise<ReleaseOutcome> {
    if (server.owner !== owner) return 'not-ours';
    if (server.deleting) return 'gone';
    const { status } = await this.#send('DELETE', server.name, deletionOf(server));
    return notDone(status) ?? 'released';
  }

  /** Writes an annotation, or takes it away, if the server still is what we know of it: same object, same version, our mark. */
  async annotate(
    server: GameServer,
    owner: string,
    name: string,
    value: string | undefined,
  ): Promise<Exclude<ReleaseOutcome, 'released'> | 'written'> {
    if (server.owner !== owner) return 'not-ours';
    const { status } = await this.#send('PATCH', server.name, annotationOf(server, name, value));
    return notDone(status) ?? 'written';
  }

  /** Beside allocations: what comes of it says nothing of the cluster's health. @throws AppError when nothing is answered. */
  askBeside(request: KubeRequest): Promise<KubeAnswer> {
    return this.#api.send(request);
  }

  /** Keeps the census and the book of fleets, and probes while the breaker is open, until the signal. */
  async follow(signal: AbortSignal): Promise<void> {
    const { pageSize, silentMs } = this.#settings;
    const { namespace } = this.config;
    const { servers, fleets } = this.#watches;
    const from = { api: this.#api, silentMs, pageSize };
    const following = followObjects(
      {
        ...from,
        path: agonesPath(namespace, 'gameservers'),
        view: this.census,
        slim: slimGameServer,
        interruption: servers.begin,
        heard: () => (this.#heardAt = this.#now()),
        fresh: (isFresh) => (this.#fresh = isFresh),
        relisted: (why) => {
          this.#metrics.relisted(this.config.name, why);
          this.#health.known();
        },
        failed: (cause) => this.#health.failed(cause),
      },
      signal,
    );
    const book = { book: this.fleets, path: agonesPath(namespace, 'fleets'), interruption: fleets.begin, log: this.#log };
    const followingFleets = followFleets({ ...from, ...book }, signal);
    await Promise.all([following, followingFleets, this.#health.probe(() => this.#check(), signal)]);
  }

  close(): void {
    this.#api.close();
  }

  async #allocate(ask: Ask, end: number): Promise<AskOutcome> {
    for (let tries = 1; ; tries += 1) {
      const outcome = await this.#ask(ask, end - this.#now());
      if (outcome.kind === 'none') this.census.noteNone(ask.pool);
      if (outcome.kind === 'bound') this.census.noteTaken(outcome.gameServer, ask.uid);
      const lost = outcome.kind === 'not-taken' && outcome.why === 'contention';
      const wait = CONTENTION_MS * (1 + Math.random());
      if (!lost || tries === CONTENTION_TRIES || this.#now() + wait >= end - MIN_ASK_MS) return outcome;
      await pause(wait, new AbortController().signal);
    }
  }

  async #ask(ask: Ask, timeoutMs: number): Promise<AskOutcome> {
    const path = `/apis/allocation.agones.dev/v1/namespaces/${this.config.namespace}/gameserverallocations`;
    try {
      return await this.#health.run(async () => {
        const answer = await this.#api.send({ method: 'POST', path, body: allocationOf(ask), timeoutMs });
        if (answer.status >= 300) throw unexpected('allocate', answer.status, answer.body, answer.retryAfter);
        return outcomeOf(answer.body);
      });
    } catch (cause) {
      if (cause instanceof AppError && cause.kind === 'rate-limited')
        this.#asks.throttle(cause.retryAfter === undefined ? THROTTLED_MS : cause.retryAfter * 1_000);
      return outcomeOfFailure(cause);
    }
  }

  /** Refused at once while the cluster is left out. @throws AppError on any answer but success, 404 and 409. */
  async #send(method: 'GET' | 'DELETE' | 'PATCH', name: string, body?: object): Promise<KubeAnswer> {
    return this.#patiently(async () => {
      const path = `${agonesPath(this.config.namespace, 'gameservers')}/${name}`;
      const answer = await this.#api.send({ method, path, timeoutMs: LOOK_MS, ...(body === undefined ? {} : { body }) });
      if (answer.status >= 300 && answer.status !== 404 && answer.status !== 409)
        throw unexpected(method.toLowerCase(), answer.status, answer.body);
      return answer;
    });
  }

  #patiently<T>(work: () => Promise<T>): Promise<T> {
    return this.#health.run(() => PATIENCE.execute(work));
  }

  /** The allocation API itself, by the cheapest thing that it answers, and a watch that is up: else what we know is old. */
  async #check(): Promise<void> {
    const answer = await this.#api.send({ method: 'GET', path: '/apis/allocation.agones.dev/v1', timeoutMs: PROBE_TIMEOUT_MS });
    if (answer.status !== 200) throw unexpected('the probe', answer.status, answer.body);
    if (!this.#fresh || !this.census.synced) throw new AppError('unavailable', 'census_stale', 'its game servers are not followed yet');
  }

  #tellUsable(): void {
    if (this.healthy && !this.draining) for (const listener of this.#listeners) listener();
  }
}
