/**
 * Sees to the size of one cluster's game servers, in whichever process holds the lease: what each should be like follows from the census and
 * the book of fleets at any moment, so nothing is kept that a restart would lose.
 */
import { pause } from '../../../runtime/deadline.ts';
import type { Log } from '../../../runtime/log.ts';
import { AppError } from '../../../contracts/app-error.ts';
import { RESIZE_ANNOTATION } from '../../clusters/fleet-book.ts';
import { agonesFleetOf, type GameServer } from '../../clusters/game-server.ts';
import { createBell } from '../../delivery/bell.ts';
import { askCluster, type AskCluster, type ResizableCluster } from './ask-cluster.ts';
import { findSupport, type Support } from './find-support.ts';
import { countsOwnSeats, filledOf, levelOf, type Level, type Present } from './level.ts';
import { levelBySize } from './plan-resize.ts';
import { profilesOf, type KeptProfile, type Profile } from './profile.ts';
import { ResizeBook, type Entry } from './resize-book.ts';
import { ResizeEvents, type ResizeEvent } from './resize-events.ts';
import type { ResizeMetrics, ResizeReading } from './resize-metrics.ts';
import { resizePod, type PodOutcome } from './resize-pod.ts';
import { readingOf } from './resize-reading.ts';

export interface ResizeLimits {
  /** Pods that are being looked at or changed at the same time. */
  readonly atOnce: number;
  /** Pods that are begun with in a second. */
  readonly perSecond: number;
  /** Rights are changed by people, and clusters are upgraded: so often that is looked at, in milliseconds. */
  readonly lookMs: number;
}

export interface ResizerParts {
  readonly cluster: ResizableCluster;
  /** False once it was let go. */
  readonly listed: () => boolean;
  /** Label of the game servers that are ours. */
  readonly owner: string;
  /** Uid of an allocation → share of its seats that are taken. */
  readonly seats: (uids: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  readonly limits: ResizeLimits;
  readonly metrics: ResizeMetrics;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A cluster that did not answer may do so again. */
const RETRY_MS = 2_000;
/** What was forbidden may be a right that was taken away: that is looked at sooner, and once for many pods. */
const FORBIDDEN_MS = 1_000;
const SEATS_MS = 5_000;
/** A burst of events makes one pass. */
const PASS_MS = 100;
const IDLE_MS = 1_000;
const REASONS = { refused: 'ResizeRefused', impossible: 'ResizeImpossible', infeasible: 'ResizeInfeasible' } as const;

export class Resizer {
  readonly #parts: ResizerParts;
  readonly #book = new ResizeBook();
  readonly #bell = createBell();
  readonly #log: Log;
  readonly #events: ResizeEvents;
  #profiles: ReadonlyMap<string, KeptProfile> = new Map();
  #support: Support | undefined;
  #filled: ReadonlyMap<string, number> = new Map();
  #running = false;
  /** What was said last of faults and rights: once per change, not once per look. */
  #said = new Map<string, string>();
  #lookAt = 0;
  #seatsAt = 0;
  #working = 0;
  /** Pods that may still be begun with in this second. */
  #credit = { pods: 0, at: 0 };

  constructor(parts: ResizerParts) {
    this.#parts = parts;
    this.#log = parts.log.with({ cluster: parts.cluster.config.name });
    const { namespace } = parts.cluster.config;
    const onFailure = (why: string) => this.#log.debug('an event could not be written', { why });
    this.#events = new ResizeEvents({ namespace, now: parts.now, onFailure });
    parts.cluster.census.onChange(() => this.#running && this.#profiles.size > 0 && this.#bell.ring());
  }

  /** Undefined while another process does it, or no fleet of the cluster wants it. */
  get reading(): ResizeReading | undefined {
    if (!this.#running || this.#profiles.size === 0) return undefined;
    const faulty = this.#profiles.values().filter(({ parsed }) => 'faults' in parsed);
    return readingOf(this.#parts.cluster.config.name, this.#support, faulty.toArray().length, this.#book.entries, this.#parts.now());
  }

  /** Until the signal, which ends with the lease, or until the cluster is let go. */
  async run(signal: AbortSignal): Promise<void> {
    const ask = askCluster(this.#parts.cluster, signal);
    this.#running = true;
    this.#lookAt = 0;
    try {
      while (!signal.aborted && this.#parts.listed()) {
        const { healthy, fleets } = this.#parts.cluster;
        // Nobody is resized by fleets that may be another cluster's.
        const isKnown = healthy && fleets.synced;
        if (isKnown) await this.#lookAgain(ask);
        if (isKnown && this.#support?.available === true) {
          await this.#readSeats();
          this.#want();
          this.#begin(ask, signal);
        } else this.#book.clear();
        await this.#bell.heard(this.#idleMs(), signal);
        await pause(PASS_MS, signal);
      }
    } finally {
      this.#running = false;
      this.#book.clear();
    }
  }

  /** Which fleets want it now, and whether it can be, which is asked now and then. */
  async #lookAgain(ask: AskCluster): Promise<void> {
    const { now, cluster, limits } = this.#parts;
    this.#profiles = profilesOf(cluster.fleets.values(), this.#profiles);
    for (const [fleet, { parsed }] of this.#profiles) this.#sayFaults(ask, fleet, 'faults' in parsed ? parsed.faults.join('; ') : '');
    // The first that wants it is told at once.
    if (this.#profiles.size === 0) [this.#support, this.#lookAt] = [undefined, 0];
    if (this.#profiles.size === 0 || now() < this.#lookAt) return;
    this.#lookAt = now() + limits.lookMs;
    try {
      this.#support = await findSupport(ask, cluster.config.namespace);
      const why = this.#support?.available === false ? this.#support.why : '';
      const about = { type: 'Normal', reason: 'ResizeUnavailable', about: '', version: why } as const;
      if (why !== '')
        for (const fleet of this.#profiles.keys())
          this.#tellOfFleet(ask, fleet, { ...about, message: `The game servers stay as their template says: ${why}` });
      this.#say('support', why, () => this.#log.warn('game servers are not resized here', { why }));
    } catch (cause) {
      if (!(cause instanceof AppError) || cause.kind !== 'forbidden') {
        this.#lookAt = Math.min(this.#lookAt, now() + RETRY_MS);
        return this.#log.debug('whether game servers can be resized could not be read', { cause });
      }
      this.#support = undefined;
      this.#say('support', cause.message, () => this.#log.warn('game servers are not resized here', { why: cause.message }));
    }
  }

  async #readSeats(): Promise<void> {
    const { now, cluster, seats } = this.#parts;
    if (now() < this.#seatsAt) return;
    this.#seatsAt = now() + Math.min(SEATS_MS, this.#parts.limits.lookMs);
    const uids: string[] = [];
    for (const server of cluster.census.values()) {
      const profile = this.#profileOf(server);
      const { state, owner, allocationUid } = server;
      if (state !== 'Allocated' || owner !== this.#parts.owner || allocationUid === undefined) continue;
      if (profile !== undefined && countsOwnSeats(profile)) uids.push(allocationUid);
    }
    try {
      this.#filled = uids.length === 0 ? new Map() : await seats(uids);
    } catch (cause) {
      // Whoever's seats are not known stays as large as it is.
      this.#filled = new Map();
      this.#log.debug('the seats of sessions could not be read', { cause });
    }
  }

  /** One pass over the census. */
  #want(): void {
    const names = new Set<string>();
    for (const server of this.#parts.cluster.census.values()) {
      const profile = this.#profileOf(server);
      const entry = this.#book.get(server.name, server.uid);
      const level = profile === undefined ? undefined : this.#levelOf(server, profile, entry);
      if (profile === undefined || level === undefined) continue;
      names.add(server.name);
      this.#book.want(server.name, server.uid, profile, level, this.#parts.now());
    }
    this.#book.keep(names);
  }

  #begin(ask: AskCluster, signal: AbortSignal): void {
    const { now, limits } = this.#parts;
    const { pods, at } = this.#credit;
    const earned = ((now() - at) / 1_000) * limits.perSecond;
    // Where less than one a second is allowed, one still has to come together.
    const credit = Math.min(Math.max(1, limits.perSecond), pods + earned);
    const entries = this.#book.due(now(), Math.min(Math.floor(credit), limits.atOnce - this.#working));
    this.#credit = { pods: credit - entries.length, at: now() };
    for (const entry of entries) {
      entry.busy = true;
      this.#working += 1;
      void this.#resize(entry, ask, signal).finally(() => {
        entry.busy = false;
        this.#working -= 1;
        this.#bell.ring();
      });
    }
  }

  async #resize(entry: Entry, ask: AskCluster, signal: AbortSignal): Promise<void> {
    const { cluster, metrics, now } = this.#parts;
    const { name, namespace } = cluster.config;
    const memoryLimitsShrink = this.#support?.available === true && this.#support.memoryLimitsShrink;
    let { level, profile } = entry;
    let podUid = '';
    try {
      const outcome = await resizePod({
        ask,
        namespace,
        name: entry.name,
        gameServerUid: entry.uid,
        rules: { memoryLimitsShrink },
        looks: () => entry.tries,
        target: (pod) => {
          podUid = pod.uid;
          const server = cluster.census.get(entry.name);
          if (signal.aborted || server?.uid !== entry.uid || this.#book.get(entry.name, entry.uid) !== entry) return undefined;
          const present = entry.known ? entry : { level: levelBySize(pod, entry.profile), since: 0 };
          const wanted = this.#levelOf(server, entry.profile, present);
          if (wanted === undefined) return undefined;
          if (wanted !== entry.level) this.#book.want(entry.name, entry.uid, entry.profile, wanted, now());
          ({ level, profile } = entry);
          return { level, profile };
        },
      });
      const counted = this.#book.note(entry, level, profile, outcome, now());
      if (counted !== undefined) metrics.resized(name, counted);
      this.#tell(entry, level, outcome, counted !== undefined);
      this.#tellOutcome(ask, { name: entry.name, uid: podUid }, level, profile, outcome);
    } catch (cause) {
      if (signal.aborted) return;
      this.#book.noteFailure(entry, now());
      metrics.resized(name, 'failed');
      this.#log.debug('a resize got no answer', { gameServer: entry.name, cause });
    }
  }

  #tell({ name, profile }: Entry, level: Level, outcome: PodOutcome, isNew: boolean): void {
    const gameServer = name;
    if (outcome.kind === 'asked') this.#log.info('a game server is resized', { gameServer, level, size: outcome.size });
    if (outcome.kind === 'deferred' && isNew)
      this.#log.info('a node has no room for a resize now', { gameServer, level, why: outcome.message });
    if (outcome.kind === 'infeasible')
      this.#log.warn('a node can never give a game server its size', { gameServer, level, why: outcome.message });
    if (outcome.kind === 'refused' && outcome.forbidden) this.#lookAt = Math.min(this.#lookAt, this.#parts.now() + FORBIDDEN_MS);
    if (outcome.kind !== 'refused' && outcome.kind !== 'impossible') return;
    const fleet = this.#parts.cluster.census.get(name)?.fleet ?? '';
    const about = `${level} ${outcome.kind}`;
    this.#say(`${fleet} ${about}`, JSON.stringify(profile), () =>
      this.#log.warn('a resize is refused; the game server stays as it is', { fleet, gameServer, level, why: outcome.message }),
    );
  }

  /** Each build of a fleet has its own. */
  #profileOf(server: GameServer): Profile | undefined {
    const parsed = this.#profiles.get(agonesFleetOf(server))?.parsed;
    return parsed !== undefined && 'profile' in parsed ? parsed.profile : undefined;
  }

  /** Undefined also for whoever belongs to another allocator. */
  #levelOf(server: GameServer, profile: Profile, present: Present | undefined): Level | undefined {
    if (server.owner !== undefined && server.owner !== this.#parts.owner) return undefined;
    const own = server.allocationUid === undefined ? undefined : this.#filled.get(server.allocationUid);
    return levelOf(server, countsOwnSeats(profile) ? own : filledOf(server, profile), profile, present, this.#parts.now());
  }

  /** What keeps a game server from having its size, on its fleet once for all of them; what is its node's alone, on its pod too. */
  #tellOutcome(ask: AskCluster, pod: { name: string; uid: string }, level: Level, profile: Profile, outcome: PodOutcome): void {
    if (outcome.kind !== 'refused' && outcome.kind !== 'impossible' && outcome.kind !== 'infeasible') return;
    const server = this.#parts.cluster.census.get(pod.name);
    const reason = REASONS[outcome.kind];
    const event = { type: 'Warning', reason, about: level, version: JSON.stringify(profile) } as const;
    const message = `${pod.name} does not get the size of ${level}: ${outcome.message}`;
    if (server !== undefined) this.#tellOfFleet(ask, agonesFleetOf(server), { ...event, message });
    if (outcome.kind === 'infeasible') this.#events.tell(ask, { ...event, on: { kind: 'Pod', ...pod }, message });
  }

  #tellOfFleet(ask: AskCluster, fleet: string, event: Omit<ResizeEvent, 'on'>): void {
    const uid = this.#profiles.get(fleet)?.uid;
    if (uid !== undefined) this.#events.tell(ask, { ...event, on: { kind: 'Fleet', name: fleet, uid } });
  }

  #sayFaults(ask: AskCluster, fleet: string, faults: string): void {
    const event = { type: 'Warning', reason: 'ResizeProfileFaulty', about: '', version: faults } as const;
    if (faults !== '') this.#tellOfFleet(ask, fleet, { ...event, message: `${RESIZE_ANNOTATION} is not followed: ${faults}` });
    this.#say(`profile ${fleet}`, faults, () =>
      this.#log.error('the resize profile of a fleet has faults; its game servers stay as they are', { fleet, faults }),
    );
  }

  #say(about: string, what: string, say: () => void): void {
    if ((this.#said.get(about) ?? '') === what) return;
    this.#said.set(about, what);
    if (what !== '') say();
  }

  #idleMs(): number {
    const { atOnce } = this.#parts.limits;
    if (this.#working >= atOnce) return IDLE_MS;
    return Math.max(0, Math.min(IDLE_MS, this.#book.nextDueAt() - this.#parts.now()));
  }
}
