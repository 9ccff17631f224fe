/** What a container asks for and may use, of the two resources that can be changed while it runs. Pure. */
import { z } from 'zod';
import { amountOf } from './quantity.ts';

export const RESOURCES = ['cpu', 'memory'] as const;
export const KINDS = ['requests', 'limits'] as const;
export type Resource = (typeof RESOURCES)[number];
export type Kind = (typeof KINDS)[number];

/** As an API server gives it; other resources are none of ours. */
export const Size = z.object({
  requests: z.object({ cpu: z.string().optional(), memory: z.string().optional() }).default({}),
  limits: z.object({ cpu: z.string().optional(), memory: z.string().optional() }).default({}),
});
export type Size = z.infer<typeof Size>;

/** Every amount that is set, in the order in which they are read. */
export function amountsIn(size: Size): readonly { readonly kind: Kind; readonly resource: Resource; readonly quantity: string }[] {
  return KINDS.flatMap((kind) =>
    RESOURCES.flatMap((resource) => {
      const quantity = size[kind][resource];
      return quantity === undefined ? [] : [{ kind, resource, quantity }];
    }),
  );
}

export function sizeOf(amounts: readonly { readonly kind: Kind; readonly resource: Resource; readonly quantity: string }[]): Size {
  const size: Size = { requests: {}, limits: {} };
  for (const { kind, resource, quantity } of amounts) size[kind][resource] = quantity;
  return size;
}

/** Whether `present` has what `wanted` sets, however it is written. */
export function meets(present: Size, wanted: Size): boolean {
  return amountsIn(wanted).every(
    ({ kind, resource, quantity }) => present[kind][resource] !== undefined && amountOf(present[kind][resource]) === amountOf(quantity),
  );
}
