/** What `terraform test -json -verbose` says: per run block whether it passed, its faults, and what was planned. */
import assert from 'node:assert/strict';
import { z } from 'zod';

const Change = z.object({
  actions: z.array(z.string()),
  after: z.record(z.string(), z.unknown()).nullable(),
  /** `true` at every place whose value is known only afterwards. */
  after_unknown: z.unknown(),
  /** `true` at every place that Terraform has to hide. */
  after_sensitive: z.unknown(),
});
const Resource = z.object({
  address: z.string(),
  type: z.string(),
  name: z.string(),
  module_address: z.string().optional(),
  index: z.union([z.string(), z.number()]).optional(),
  mode: z.string(),
  change: Change,
});
const Plan = z.object({
  resource_changes: z.array(Resource).default([]),
  output_changes: z.record(z.string(), z.object({ after: z.unknown().optional(), after_sensitive: z.unknown() })).default({}),
});
export type Plan = z.infer<typeof Plan>;
export type PlannedResource = Plan['resource_changes'][number];

const Diagnostic = z.object({
  severity: z.string(),
  summary: z.string(),
  detail: z.string().default(''),
  range: z.object({ filename: z.string(), start: z.object({ line: z.number() }) }).optional(),
});
const Line = z.object({
  '@testrun': z.string().optional(),
  test_run: z.object({ run: z.string(), progress: z.string().optional(), status: z.string().optional() }).optional(),
  test_plan: z.unknown().optional(),
  diagnostic: Diagnostic.optional(),
});

export interface Run {
  readonly status: string;
  readonly plan: Plan | undefined;
}

export interface Runs {
  readonly runs: ReadonlyMap<string, Run>;
  /** Of all runs, each with its place; what a run expected to fail is not among them. */
  readonly faults: readonly string[];
}

export function parseRuns(text: string): Runs {
  const lines = text.split('\n').flatMap((line) => (line.startsWith('{') ? [Line.parse(JSON.parse(line))] : []));
  const plans = new Map(
    lines.flatMap((line) => (line.test_plan === undefined ? [] : [[line['@testrun'] ?? '', Plan.parse(line.test_plan)] as const])),
  );
  const runs = new Map<string, Run>();
  for (const { test_run: run } of lines) {
    if (run?.status !== undefined && run.status !== '') runs.set(run.run, { status: run.status, plan: plans.get(run.run) });
  }
  const faults = lines.flatMap(({ diagnostic, '@testrun': run }) =>
    diagnostic?.severity === 'error' ? [`${run ?? ''}: ${told(diagnostic)}`] : [],
  );
  // Before any run: a configuration that Terraform cannot read at all.
  if (runs.size === 0) assert.fail(faults.join('\n') || text.slice(-4_000));
  return { runs, faults };
}

function told({ summary, detail, range }: z.infer<typeof Diagnostic>): string {
  return `${summary}${detail === '' ? '' : `: ${detail}`}${range === undefined ? '' : ` (${range.filename}:${range.start.line})`}`;
}
