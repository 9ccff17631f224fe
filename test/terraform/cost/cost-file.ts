/** What an environment costs with its default settings, as a file in the tree: to be read where there is neither Terraform nor a cloud. */
import path from 'node:path';

const TREE = path.join(import.meta.dirname, '..', '..', '..');

/** @returns as an absolute path. */
export function costFile(environment: string): string {
  return path.join(TREE, 'terraform', 'environments', environment, 'COST.txt');
}

/** @param note the output `cost_note` of the environment's plan. */
export function costText(note: string): string {
  return `${note}
That is with the environment's default settings. The prices stand in terraform/modules/environment/cost.tf, and
\`make cost-notes\` writes this file from there.
`;
}
