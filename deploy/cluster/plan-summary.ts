/** What Terraform is about to do, from `terraform show -json PLAN`. Pure. */
import { z } from 'zod';
import { plannedNeeds, type Need } from './region-need.ts';

const Plan = z.object({
  resource_changes: z.array(z.object({ address: z.string(), change: z.object({ actions: z.array(z.string()) }) })).default([]),
  planned_values: z.object({ outputs: z.record(z.string(), z.object({ value: z.unknown() })).default({}) }).default({ outputs: {} }),
});

export interface PlanSummary {
  readonly creates: readonly string[];
  readonly changes: readonly string[];
  /** Taken away, or taken away and made anew. */
  readonly removes: readonly string[];
  readonly costNote: string | undefined;
  /** Region → what of its quotas it may come to use. */
  readonly needs: Readonly<Record<string, Need>>;
}

export function summarisePlan(text: string): PlanSummary {
  const { resource_changes: all, planned_values: planned } = Plan.parse(JSON.parse(text));
  const having = (action: string) => all.filter(({ change }) => change.actions.includes(action)).map(({ address }) => address);
  const removes = having('delete');
  const note = planned.outputs['cost_note']?.value;
  return {
    creates: having('create').filter((address) => !removes.includes(address)),
    changes: having('update'),
    removes,
    costNote: typeof note === 'string' ? note : undefined,
    needs: plannedNeeds(text),
  };
}

export function showSummary({ creates, changes, removes }: PlanSummary): string[] {
  const total = `Terraform would make ${creates.length}, change ${changes.length}, and take away ${removes.length} resources.`;
  return [total, ...removes.map((address) => `  takes away  ${address}`), ...changes.map((address) => `  changes     ${address}`)];
}

/** What would be taken away now and was not when it was agreed to. */
export function notAgreedTo(now: PlanSummary, agreed: PlanSummary): string[] {
  return now.removes.filter((address) => !agreed.removes.includes(address));
}
