/** Why pods do not come up, from `kubectl get pods -o json`: what a person would look for first. Pure. */
import { z } from 'zod';

const Container = z.object({
  name: z.string(),
  image: z.string().default(''),
  state: z.object({ waiting: z.object({ reason: z.string().default(''), message: z.string().default('') }).optional() }).default({}),
});
const Pods = z.object({
  items: z.array(
    z.object({
      status: z
        .object({
          conditions: z
            .array(z.object({ type: z.string(), status: z.string(), reason: z.string().default(''), message: z.string().default('') }))
            .default([]),
          initContainerStatuses: z.array(Container).default([]),
          containerStatuses: z.array(Container).default([]),
        })
        .default({ conditions: [], initContainerStatuses: [], containerStatuses: [] }),
    }),
  ),
});
/** These go by themselves. */
const USUAL = new Set(['', 'ContainerCreating', 'PodInitializing']);

/** @returns each trouble once, with how many pods have it. */
export function podTroubles(text: string): string[] {
  const counts = new Map<string, number>();
  for (const { status } of Pods.parse(JSON.parse(text)).items)
    for (const told of new Set(troublesOf(status))) counts.set(told, (counts.get(told) ?? 0) + 1);
  return [...counts].map(([told, pods]) => `${pods} pod${pods === 1 ? '' : 's'}: ${told}`);
}

function troublesOf({ conditions, initContainerStatuses, containerStatuses }: z.infer<typeof Pods>['items'][number]['status']): string[] {
  const unscheduled = conditions.filter(
    ({ type, status, reason }) => type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable',
  );
  const waiting = [...initContainerStatuses, ...containerStatuses].flatMap(({ name, image, state }) => {
    const { reason = '', message = '' } = state.waiting ?? {};
    if (USUAL.has(reason)) return [];
    return [/Image/.test(reason) ? `${reason} of ${image}` : `${name} is in ${reason}${message === '' ? '' : `: ${message}`}`];
  });
  return [...unscheduled.map(({ message }) => `no node for it: ${message}`), ...waiting];
}
