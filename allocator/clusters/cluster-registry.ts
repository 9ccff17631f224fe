/**
 * The clusters that there are now: a live map, changed by edits of the clusters file and by nothing else.
 *
 * A cluster that is taken out first counts as draining, for as long as an ask or its settling may be under way there; then
 * its watch ends and it is gone from the map. What was bound there stays as it is: nobody can look, so nobody may judge.
 */
import { ConfigError } from '../../runtime/config.ts';
import { pause } from '../../runtime/deadline.ts';
import type { Log } from '../../runtime/log.ts';
import { AgonesCluster } from './agones-cluster.ts';
import { sameConnection, type ClusterConfig } from './cluster-config.ts';
import type { ClusterMetrics } from './cluster-metrics.ts';
import type { ClusterSettings } from './cluster-settings.ts';
import { Kinds } from './kinds.ts';
import { connectKubeApi, type KubeApi } from './kube-api.ts';
import type { GoogleToken } from '../../runtime/google/google-token.ts';
import { fromGoogle, fromKubeconfig, fromPod, type CredentialSource, type PodIdentity } from './kube-credentials.ts';

/** What rooms need that look at clusters, also at those that come later. */
export interface LiveClusters {
  /** By name. Live. */
  readonly clusters: ReadonlyMap<string, AgonesCluster>;
  /** Called for every cluster that is there, and for every one that comes. */
  onAdded(listener: (cluster: AgonesCluster) => void): void;
}

export interface RegistryParts {
  readonly settings: ClusterSettings;
  /** How long a cluster that was taken out is kept, in milliseconds. */
  readonly leaveMs: number;
  /** Who we are in the cluster that we run in; undefined outside of one. */
  readonly pod: PodIdentity | undefined;
  /** Who we are to Google, for the clusters that are listed with its credentials. */
  readonly google: GoogleToken;
  readonly metrics: ClusterMetrics;
  readonly log: Log;
  readonly now: () => number;
}

interface Member {
  readonly cluster: AgonesCluster;
  readonly api: KubeApi;
  readonly stop: AbortController;
  /** Aborted when a cluster that was leaving is listed again. */
  leaving: AbortController | undefined;
  /** Until it has stopped. */
  running: Promise<void>;
}

export class ClusterRegistry implements LiveClusters {
  readonly clusters: ReadonlyMap<string, AgonesCluster>;
  readonly #live = new Map<string, AgonesCluster>();
  readonly #members = new Map<string, Member>();
  readonly #listeners: ((cluster: AgonesCluster) => void)[] = [];
  readonly #kinds = new Kinds();
  readonly #parts: RegistryParts;
  readonly #running = new Set<Promise<void>>();
  readonly #failed = Promise.withResolvers<never>();

  constructor(parts: RegistryParts) {
    this.#parts = parts;
    this.clusters = this.#live;
    this.#failed.promise.catch(() => {});
    parts.metrics.observe(() =>
      this.#live.values().map((cluster) => ({
        cluster: cluster.config.name,
        healthy: cluster.healthy,
        asksInFlight: cluster.asksInFlight,
        watchAge: cluster.watchAgeMs === undefined ? undefined : cluster.watchAgeMs / 1_000,
      })),
    );
  }

  onAdded(listener: (cluster: AgonesCluster) => void): void {
    this.#listeners.push(listener);
    for (const cluster of this.#live.values()) listener(cluster);
  }

  /** Takes a whole file up. @throws ConfigError with every fault; then nothing has changed. */
  apply(listed: readonly ClusterConfig[]): void {
    const faults = listed.flatMap((config) => this.#faultsOf(config));
    if (faults.length > 0) throw new ConfigError(faults);
    for (const config of listed) {
      const member = this.#members.get(config.name);
      if (member === undefined) this.#add(config);
      else this.#change(member, config);
    }
    const names = new Set(listed.map((config) => config.name));
    for (const [name, member] of this.#members) if (!names.has(name)) this.#takeOut(member);
  }

  /** For the lifecycle: until the signal. Rejects when following a cluster fails, which nothing outside can cause. */
  async run(signal: AbortSignal): Promise<void> {
    const stopped = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => stopped.resolve(), { once: true });
    if (signal.aborted) stopped.resolve();
    await Promise.race([stopped.promise, this.#failed.promise]);
  }

  /** Ends every watch and connection. */
  async close(): Promise<void> {
    for (const member of this.#members.values()) member.stop.abort();
    await Promise.all(this.#running);
    for (const member of this.#members.values()) member.cluster.close();
  }

  #faultsOf({ name, namespace, inCluster }: ClusterConfig): string[] {
    const before = this.#live.get(name)?.config;
    const faults: string[] = [];
    if (before !== undefined && before.namespace !== namespace)
      faults.push(`${name}.namespace: is ${before.namespace} and cannot change, since game servers are bound there; use another name`);
    if (inCluster !== undefined && this.#parts.pod === undefined)
      faults.push(`${name}.inCluster: needs KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, which a pod is given`);
    return faults;
  }

  #add(config: ClusterConfig): void {
    const { settings, metrics, log, now } = this.#parts;
    const api = connectKubeApi(this.#sourceOf(config), now);
    const cluster = new AgonesCluster({ config, api, settings, metrics, log, kinds: this.#kinds, now });
    const stop = new AbortController();
    const running = cluster.follow(stop.signal).catch((cause: unknown) => this.#failed.reject(cause));
    this.#keep(running);
    this.#members.set(config.name, { cluster, api, stop, leaving: undefined, running });
    this.#live.set(config.name, cluster);
    for (const listener of this.#listeners) listener(cluster);
    log.info('a cluster is listed', { cluster: config.name, region: config.region, drain: config.drain });
  }

  #change(member: Member, config: ClusterConfig): void {
    const { cluster, api, leaving } = member;
    const before = cluster.config;
    if (leaving === undefined && JSON.stringify(before) === JSON.stringify(config)) return;
    leaving?.abort();
    member.leaving = undefined;
    const moved = !sameConnection(before, config);
    if (moved) api.useCredentials(this.#sourceOf(config));
    cluster.configure(config, { leaving: false, moved });
    this.#parts.log.info('a cluster is listed otherwise', { cluster: config.name, weight: config.weight, drain: config.drain, moved });
  }

  #takeOut(member: Member): void {
    if (member.leaving !== undefined) return;
    const { name } = member.cluster.config;
    const leaving = new AbortController();
    member.leaving = leaving;
    member.cluster.configure(member.cluster.config, { leaving: true, moved: false });
    this.#parts.log.info('a cluster is no longer listed; nothing new goes there', { cluster: name });
    this.#keep(this.#leave(member, leaving.signal));
  }

  async #leave(member: Member, listedAgain: AbortSignal): Promise<void> {
    await pause(this.#parts.leaveMs, AbortSignal.any([listedAgain, member.stop.signal]));
    if (listedAgain.aborted || member.stop.signal.aborted) return;
    const { name } = member.cluster.config;
    this.#members.delete(name);
    this.#live.delete(name);
    member.stop.abort();
    await member.running;
    member.cluster.close();
    this.#parts.metrics.forget(name);
    this.#parts.log.info('a cluster has been let go', { cluster: name });
  }

  #keep(work: Promise<void>): void {
    this.#running.add(work);
    work.finally(() => this.#running.delete(work)).catch(() => {});
  }

  #sourceOf({ kubeconfig, context, endpoint, ca }: ClusterConfig): CredentialSource {
    if (kubeconfig !== undefined) return fromKubeconfig(kubeconfig, context);
    if (endpoint !== undefined) return fromGoogle({ endpoint, ca }, this.#parts.google);
    const { pod } = this.#parts;
    return pod === undefined ? () => Promise.reject(new Error('this process is in no cluster')) : fromPod(pod);
  }
}
