/** Scales fleets as their FleetAutoscalers say, each on its own interval: Buffer, Webhook, Counter, List, Schedule and Chain. */
import type { Fleet, FleetAutoscaler } from '../resources/fleet.ts';
import { FLEET_LABEL, type GameServer } from '../resources/game-server.ts';
import { keyOf } from '../resources/object-meta.ts';
import { FLEETS, FLEET_AUTOSCALERS } from '../resources/resource.ts';
import type { Desired } from './buffer-size.ts';
import type { ClusterView } from './cluster-view.ts';
import { ChainFailed, desiredReplicas, type Applied } from './desired-replicas.ts';
import type { EventRecorder } from './event-recorder.ts';
import { sameJson } from './same-json.ts';
import { WorkQueue } from './work-queue.ts';

const WIDTH = 8;
const DEFAULT_SECONDS = 30;

const UNABLE = {
  currentReplicas: 0,
  desiredReplicas: 0,
  lastScaleTime: null,
  ableToScale: false,
  scalingLimited: false,
  lastAppliedPolicy: '',
};

export class FleetAutoscalerController {
  readonly #view: ClusterView;
  readonly #queue: WorkQueue;
  readonly #events: EventRecorder;

  constructor(view: ClusterView, signal: AbortSignal) {
    this.#view = view;
    this.#events = view.recorder('fleetautoscaler-controller');
    this.#queue = new WorkQueue('fleet-autoscalers', WIDTH, (key, until) => this.#sync(key, until), view.log, signal);
    view.autoscalers.onChange((before, after) => {
      const isNew = after !== undefined && !sameJson(before?.spec, after.spec);
      if (isNew) this.#queue.add(keyOf(after));
    });
  }

  drained(): Promise<void> {
    return this.#queue.drained();
  }

  async #sync(key: string, signal: AbortSignal): Promise<void> {
    const autoscaler = this.#view.autoscalers.get(key);
    if (autoscaler === undefined || autoscaler.metadata.deletionTimestamp !== undefined) return;
    const seconds = autoscaler.spec.sync?.fixedInterval?.seconds ?? DEFAULT_SECONDS;
    try {
      await this.#scale(autoscaler, signal);
    } finally {
      this.#queue.addAfter(key, seconds * 1_000);
    }
  }

  async #scale(autoscaler: FleetAutoscaler, signal: AbortSignal): Promise<void> {
    const { fleetName } = autoscaler.spec;
    const { namespace, name } = autoscaler.metadata;
    const fleet = this.#view.fleets.get(`${namespace}/${fleetName}`);
    if (fleet === undefined) {
      const message = `could not fetch fleet: ${fleetName}`;
      this.#events.tell(autoscaler, { type: 'Warning', reason: 'FailedGetFleet', message });
      return this.#tellUnable(autoscaler, signal);
    }
    // A fleet without a status was made a moment ago: there is nothing to judge yet.
    if (fleet.status === undefined) return;
    let desired: Applied;
    try {
      const gameServers = () => this.#gameServersOf(fleet);
      desired = await desiredReplicas(autoscaler.spec.policy, fleet, { gameServers, now: this.#view.now(), signal });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ChainFailed) this.#tellOfChain(autoscaler, 'Warning', 'failed to apply', 'Unknown', '');
      const why = error instanceof Error ? error.message : 'unknown';
      const message = `Error calculating desired fleet size on FleetAutoscaler ${name}. Error: ${why}`;
      this.#events.tell(autoscaler, { type: 'Warning', reason: 'FleetAutoscaler', message });
      return this.#tellUnable(autoscaler, signal);
    }
    this.#tellOfEntry(autoscaler, desired);
    const isScaled = await this.#scaleFleet(autoscaler, fleet, desired, signal);
    await this.#tellStatus(autoscaler, fleet, desired, isScaled, signal);
  }

  /** Only when another entry answers than the last time. */
  #tellOfEntry(autoscaler: FleetAutoscaler, { policy }: Applied): void {
    const [kind, id = '', type = ''] = policy.split(':');
    if (kind !== 'Chain' || policy === autoscaler.status?.lastAppliedPolicy) return;
    this.#tellOfChain(autoscaler, 'Normal', 'successfully applied', id, type);
  }

  #tellOfChain(autoscaler: FleetAutoscaler, type: 'Normal' | 'Warning', what: string, entry: string, entryType: string): void {
    const message = `FleetAutoscaler '${autoscaler.metadata.name}' ${what} ChainPolicy | ID: ${entry} | Type: ${entryType}`;
    this.#events.tell(autoscaler, { type, reason: 'ChainPolicy', message });
  }

  async #scaleFleet(autoscaler: FleetAutoscaler, fleet: Fleet, { replicas }: Desired, signal: AbortSignal): Promise<boolean> {
    const now = fleet.spec.replicas ?? 0;
    if (replicas === now) return false;
    await this.#view.store.replace(FLEETS, { ...fleet, spec: { ...fleet.spec, replicas } }, signal);
    const message = `Scaling fleet ${fleet.metadata.name} from ${now} to ${replicas}`;
    this.#events.tell(autoscaler, { type: 'Normal', reason: 'AutoScalingFleet', message });
    return true;
  }

  async #tellStatus(autoscaler: FleetAutoscaler, fleet: Fleet, desired: Applied, isScaled: boolean, signal: AbortSignal): Promise<void> {
    const lastScaleTime = isScaled
      ? this.#view
          .now()
          .toISOString()
          .replace(/\.\d+Z$/, 'Z')
      : (autoscaler.status?.lastScaleTime ?? null);
    const currentReplicas = fleet.status?.replicas ?? 0;
    const status = {
      currentReplicas,
      desiredReplicas: desired.replicas,
      lastScaleTime,
      ableToScale: true,
      scalingLimited: desired.isLimited,
      lastAppliedPolicy: desired.policy,
    };
    // With each status that is another, and whichever bound it was: Agones looks where the fleet is going.
    if (desired.isLimited && !sameJson(status, autoscaler.status)) {
      const bound = currentReplicas > desired.replicas ? 'maximum' : 'minimum';
      const message = `Scaling fleet ${fleet.metadata.name} was limited to ${bound} size of ${desired.replicas}`;
      this.#events.tell(autoscaler, { type: 'Warning', reason: 'ScalingLimited', message });
    }
    await this.#writeStatus(autoscaler, status, signal);
  }

  #gameServersOf({ metadata: { namespace, name } }: Fleet): GameServer[] {
    return [...this.#view.gameServers.values()].filter(
      ({ metadata }) => metadata.namespace === namespace && metadata.labels?.[FLEET_LABEL] === name,
    );
  }

  #tellUnable(autoscaler: FleetAutoscaler, signal: AbortSignal): Promise<void> {
    const { lastScaleTime = null } = autoscaler.status ?? {};
    return this.#writeStatus(autoscaler, { ...UNABLE, lastScaleTime }, signal);
  }

  async #writeStatus(autoscaler: FleetAutoscaler, status: NonNullable<FleetAutoscaler['status']>, signal: AbortSignal): Promise<void> {
    // Go knows no missing status: one that says nothing is not written.
    if (sameJson(status, autoscaler.status ?? UNABLE)) return;
    this.#view.autoscalers.observe(await this.#view.store.replaceStatus(FLEET_AUTOSCALERS, { ...autoscaler, status }, signal));
  }
}
