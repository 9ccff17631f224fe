/** What has to change in a pod for its game server to have the size of a level. Pure. */
import type { Level } from './level.ts';
import type { ContainerView, PodView } from './pod-view.ts';
import type { Profile } from './profile.ts';
import { amountOf } from './quantity.ts';
import { amountsIn, meets, sizeOf, type Size } from './size.ts';

export type Plan =
  | { readonly kind: 'same'; readonly size: Size }
  /** `size`: all that the profile sets; `change`: what of it differs. */
  | { readonly kind: 'resize'; readonly size: Size; readonly change: Size }
  /** The fleet's pods are not as its profile needs them. */
  | { readonly kind: 'impossible'; readonly why: string };

export interface PlanRules {
  /** From Kubernetes 1.34 on a memory limit may be lowered without a restart. */
  readonly memoryLimitsShrink: boolean;
}

export function planResize(pod: PodView, profile: Profile, level: Level, rules: PlanRules): Plan {
  const container = pod.container(profile.container);
  if (container === undefined) return { kind: 'impossible', why: `the pod has no container ${profile.container ?? 'that Agones names'}` };
  const size = targetOf(container, profile, level, rules);
  const change = sizeOf(
    amountsIn(size).filter(({ kind, resource, quantity }) => {
      const present = container.size[kind][resource];
      return present === undefined || amountOf(present) !== amountOf(quantity);
    }),
  );
  const changing = amountsIn(change);
  if (changing.length === 0) return { kind: 'same', size };
  const restarting = changing.find(({ resource }) => container.restartsFor.includes(resource));
  if (restarting !== undefined)
    return { kind: 'impossible', why: `the resizePolicy of ${container.name} restarts it for ${restarting.resource}: make it NotRequired` };
  return { kind: 'resize', size, change };
}

/** Back to what the node has given, of what the profile sets; undefined where the node does not tell, or nothing would change. */
export function planTakeBack(pod: PodView, profile: Profile, level: Level): Size | undefined {
  const container = pod.container(profile.container);
  if (container?.granted === undefined) return undefined;
  const { granted, size } = container;
  const back = amountsIn(profile[level] ?? profile.allocated).flatMap(({ kind, resource }) => {
    const quantity = granted[kind][resource];
    return quantity === undefined || amountOf(size[kind][resource]) === amountOf(quantity) ? [] : [{ kind, resource, quantity }];
  });
  return back.length === 0 ? undefined : sizeOf(back);
}

/** Writes only this, and only to this very pod as it was read. */
export function patchOf(pod: PodView, container: string, { requests, limits }: Size): object {
  const { uid, resourceVersion } = pod;
  return { metadata: { uid, resourceVersion }, spec: { containers: [{ name: container, resources: { requests, limits } }] } };
}

/** The level whose size the pod has; the larger one where two are the same. For a process that has not seen the server before. */
export function levelBySize(pod: PodView, profile: Profile): Level {
  const present = pod.container(profile.container)?.size;
  const { full, allocated } = profile;
  if (present === undefined) return 'idle';
  if (full !== undefined && meets(present, full)) return 'full';
  return meets(present, allocated) ? 'allocated' : 'idle';
}

function targetOf({ size: present }: ContainerView, profile: Profile, level: Level, { memoryLimitsShrink }: PlanRules): Size {
  const wanted = profile[level] ?? profile.allocated;
  const keepsMemory = level !== 'idle' && !profile.shrinkMemoryInSession;
  const requested = keepsMemory ? larger(present.requests.memory, wanted.requests.memory) : wanted.requests.memory;
  const keepsLimit = keepsMemory || !memoryLimitsShrink;
  const limited = keepsLimit ? larger(present.limits.memory, wanted.limits.memory) : wanted.limits.memory;
  // A request that is kept must not be above the limit that comes with the level.
  const request = requested ?? present.requests.memory;
  const limit = limited === undefined ? undefined : larger(request, limited);
  return sizeOf(
    amountsIn(wanted).map(({ kind, resource, quantity }) => {
      if (resource === 'cpu') return { kind, resource, quantity };
      return { kind, resource, quantity: (kind === 'requests' ? requested : limit) ?? quantity };
    }),
  );
}

function larger(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return amountOf(a) > amountOf(b) ? a : b;
}
