/** The rules that terraform/modules/observability makes policies of. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const FOLDER = path.join(import.meta.dirname, '..', '..', '..', 'terraform', 'modules', 'observability', 'rules');

const Rule = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  // Google takes seconds alone.
  for: z.string().regex(/^\d+s$/),
  labels: z.strictObject({ severity: z.enum(['critical', 'error', 'warning']) }),
  annotations: z.strictObject({ description: z.string().min(20) }),
});
const RuleFile = z.strictObject({ groups: z.array(z.strictObject({ name: z.string(), rules: z.array(Rule) })) });

type RuleAsWritten = z.infer<typeof Rule>;
export type Rule = RuleAsWritten & { readonly file: string; readonly asWritten: RuleAsWritten };

export function readRules(): Rule[] {
  return globSync('*.yaml', { cwd: FOLDER }).flatMap((name) => {
    const file = path.join(FOLDER, name);
    return RuleFile.parse(parse(readFileSync(file, 'utf8'))).groups.flatMap(({ rules }) =>
      rules.map((rule) => ({ ...rule, file, asWritten: rule })),
    );
  });
}
