/**
 * Brings one pod to the size of a level:
 *
 *   look (GET) ─▶ plan ─▶ patch pods/NAME/resize, only if it still is this pod as it was read ─▶ later looks: granted | deferred | infeasible
 *
 * A process that slept between look and patch finds the pod changed by whoever took its place. What the node can never give is taken back, so
 * that the scheduler does not count with it.
 */
import type { KubeAnswer } from '../../clusters/kube-api.ts';
import { answerError, notDone } from '../../clusters/kube-errors.ts';
import type { AskCluster } from './ask-cluster.ts';
import type { Level } from './level.ts';
import { patchOf, planResize, planTakeBack, type PlanRules } from './plan-resize.ts';
import { podOf, type PodView } from './pod-view.ts';
import type { Profile } from './profile.ts';
import { meets, type Size } from './size.ts';

/** What became of a look. `size` and `granted`: what the profile sets, and what the node has given. */
export type PodOutcome =
  /** `asked`: by this very call; `waiting`: before it, and the node has not said anything yet. */
  | { readonly kind: 'asked' | 'waiting' | 'granted'; readonly size: Size; readonly granted: Size | undefined }
  | { readonly kind: 'deferred' | 'under-way' | 'error'; readonly size: Size; readonly granted: Size | undefined; readonly message: string }
  /** Taken back where the node tells what it has given. */
  | { readonly kind: 'infeasible'; readonly size: Size; readonly granted: Size | undefined; readonly message: string }
  | { readonly kind: 'gone' | 'conflict' | 'moot' }
  /** `byRight`: whether it was for want of a right, or by a rule such as a quota, the API server's word tells. */
  | { readonly kind: 'refused'; readonly forbidden: boolean; readonly message: string }
  | { readonly kind: 'impossible'; readonly message: string };

export interface PodTask {
  readonly ask: AskCluster;
  readonly namespace: string;
  readonly name: string;
  readonly gameServerUid: string;
  readonly rules: PlanRules;
  /** How often it was looked at since it was changed. */
  readonly looks: () => number;
  /** Asked once the pod has been read; undefined: nothing is to be done any more. */
  readonly target: (pod: PodView) => { readonly profile: Profile; readonly level: Level } | undefined;
}

/** A word without a date may be of the change before; a node that takes longer than these looks is in trouble. */
const SURE_AFTER_LOOKS = 2;

/** @throws AppError when the cluster does not answer, or badly. */
export async function resizePod({ ask, namespace, name, gameServerUid, rules, looks, target }: PodTask): Promise<PodOutcome> {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
  const { status, body } = await ask({ method: 'GET', path });
  if (status === 404) return { kind: 'gone' };
  if (status === 403) return refusal(status, body);
  if (status !== 200) throw answerError('get a pod', status, body);
  const pod = podOf(body);
  // A name is used again when a game server is replaced by hand.
  if (pod.gameServerUid !== gameServerUid || pod.deleting) return { kind: 'gone' };
  const wanted = target(pod);
  if (wanted === undefined) return { kind: 'moot' };
  const { profile, level } = wanted;
  const plan = planResize(pod, profile, level, rules);
  const container = pod.container(profile.container);
  if (plan.kind === 'impossible' || container === undefined)
    return { kind: 'impossible', message: plan.kind === 'impossible' ? plan.why : 'the pod has no such container' };
  const { size } = plan;
  const { granted } = container;
  const patch = (change: Size) =>
    ask({ method: 'PATCH', path: `${path}/resize`, body: patchOf(pod, container.name, change), patch: 'strategic' });
  if (plan.kind === 'resize') return undone(await patch(plan.change)) ?? { kind: 'asked', size, granted };
  if (granted !== undefined && meets(granted, size)) return { kind: 'granted', size, granted };
  const { verdict } = pod;
  if (verdict.kind === 'none') return { kind: 'waiting', size, granted };
  if (verdict.kind !== 'infeasible') return { ...verdict, kind: verdict.kind, size, granted };
  if (!pod.isVerdictDated && looks() < SURE_AFTER_LOOKS) return { kind: 'waiting', size, granted };
  const back = planTakeBack(pod, profile, level);
  const refused = back === undefined ? undefined : undone(await patch(back));
  return refused?.kind === 'conflict' || refused?.kind === 'gone'
    ? refused
    : { kind: 'infeasible', message: verdict.message, size, granted };
}

/** Undefined where it was done. */
function undone({ status, body }: KubeAnswer): PodOutcome | undefined {
  if (status === 200) return undefined;
  const between = notDone(status);
  if (between !== undefined) return { kind: between === 'changed' ? 'conflict' : 'gone' };
  if (status === 403 || status === 422) return refusal(status, body);
  throw answerError('resize a pod', status, body);
}

function refusal(status: number, body: unknown): PodOutcome {
  return { kind: 'refused', forbidden: status === 403, message: answerError('resize a pod', status, body).message };
}
