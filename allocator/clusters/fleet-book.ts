/**
 * The fleets of one cluster, kept by a list and the watch that follows it: which builds it has, what releases have written on them, and how
 * large their game servers are to be. Whoever has to know of fleets reads them here, and no list of their own.
 *
 * The book may lag, by `CLUSTER_SILENT_MS` where its watch has died without a word, and says nothing of whether the cluster answers. So what
 * is in it is believed, and what is not in it is asked for (`look-at-fleets.ts`), and so is what turns somebody away.
 */
import { z } from 'zod';
import { GAME_SERVER_MARKS } from '../../contracts/allocator.ts';
import { RELEASE_STATE, ReleaseState } from '../../contracts/allocator-api/autoscaler.ts';
import type { FollowedView } from './follow-objects.ts';

/** What releases say of one. */
export interface MarkedBuild {
  /** As requests call it. */
  readonly fleet: string;
  readonly build: string;
  /** Undefined: no release has touched it, or it cannot be read. Then it is as open as any. */
  readonly state: ReleaseState | undefined;
}

/** A fleet as Agones has it. */
export interface SeenFleet extends MarkedBuild {
  /** In Agones. */
  readonly name: string;
  readonly uid: string;
  /** Its resize profile, as it is written. */
  readonly resize: string | undefined;
}

export const RESIZE_ANNOTATION = 'lifeverse.dev/resize';

const Texts = z
  .record(z.string(), z.string())
  .nullish()
  .transform((texts) => texts ?? {});
const FleetObject = z.object({
  metadata: z.object({ name: z.string(), uid: z.string(), annotations: Texts }),
  spec: z.object({ template: z.object({ metadata: z.object({ labels: Texts }).optional() }).optional() }).optional(),
});

/** @throws ZodError when it is no Fleet. */
export function seenFleetOf(object: unknown): SeenFleet {
  const { metadata, spec } = FleetObject.parse(object);
  const { name, uid, annotations } = metadata;
  // Servers are chosen by their own labels: those of the template are the ones that they carry.
  const labels = spec?.template?.metadata?.labels ?? {};
  return {
    name,
    uid,
    fleet: labels[GAME_SERVER_MARKS.fleet] ?? name,
    build: labels[GAME_SERVER_MARKS.build] ?? '',
    state: ReleaseState.safeParse(annotations[RELEASE_STATE]).data,
    resize: annotations[RESIZE_ANNOTATION],
  };
}

export class FleetBook implements FollowedView {
  readonly #fleets = new Map<string, SeenFleet>();
  /** Build → how many fleets of it are closed. */
  readonly #closed = new Map<string, number>();
  readonly #listeners: (() => void)[] = [];
  #synced = false;

  /** All were listed once. */
  get synced(): boolean {
    return this.#synced;
  }

  /** A fleet came or went, or its build or state is another. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  values(): readonly SeenFleet[] {
    return [...this.#fleets.values()];
  }

  /** By its name in Agones. */
  has(name: string): boolean {
    return this.#fleets.has(name);
  }

  /** Whether a fleet of the build is closed here; others of it may be open. */
  hasClosed(build: string): boolean {
    return this.#closed.has(build);
  }

  /** It may be another cluster's: nothing is known until it was listed anew. */
  forget(): void {
    this.#synced = false;
  }

  replaceAll(objects: readonly unknown[]): void {
    const listed = objects.map(seenFleetOf);
    const names = new Set(listed.map(({ name }) => name));
    for (const name of this.#fleets.keys().toArray()) if (!names.has(name)) this.#change(name, undefined);
    for (const one of listed) this.#change(one.name, one);
    this.#synced = true;
  }

  put(object: unknown): void {
    const fleet = seenFleetOf(object);
    this.#change(fleet.name, fleet);
  }

  remove(object: unknown): void {
    this.#change(seenFleetOf(object).name, undefined);
  }

  #change(name: string, after: SeenFleet | undefined): void {
    const before = this.#fleets.get(name);
    if (before === undefined && after === undefined) return;
    if (after === undefined) this.#fleets.delete(name);
    else this.#fleets.set(name, after);
    if (before?.state === 'closed') this.#count(before.build, -1);
    if (after?.state === 'closed') this.#count(after.build, 1);
    const isSame = before?.fleet === after?.fleet && before?.build === after?.build && before?.state === after?.state;
    // A fleet's status changes with each of its servers.
    if (!isSame) for (const listener of this.#listeners) listener();
  }

  #count(build: string, by: 1 | -1): void {
    const count = (this.#closed.get(build) ?? 0) + by;
    if (count > 0) this.#closed.set(build, count);
    else this.#closed.delete(build);
  }
}
