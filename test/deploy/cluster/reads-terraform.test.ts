import assert from 'node:assert/strict';
import { parseOutputs } from '../../../deploy/cluster/outputs.ts';
import { assignmentsOf, outputsOf, requiredVersionOf, variablesOf } from '../../../deploy/cluster/terraform-text.ts';

describe('deploy: reading Terraform’s text', () => {
  it('finds variables, and whether they have a default, whatever is in strings and comments', () => {
    const text = `
variable "a" {} # variable "commented" {}
variable "b" {
  description = "a } brace, a # hash and default = nothing"
  type        = object({ x = string })
  validation {
    condition = var.b != "{"
  }
}
// variable "also" {}
variable "c" {
  default = { x = "}" }
}
`;
    assert.deepEqual(variablesOf(text), [
      { name: 'a', hasDefault: false },
      { name: 'b', hasDefault: false },
      { name: 'c', hasDefault: true },
    ]);
  });

  it('finds outputs and the version that is asked for', () => {
    const text = 'output "cost_note" {\n  value = <<-EOT\n    about 5\n    a month\n  EOT\n}\noutput "x" {\n  value = 1\n}\n';
    assert.deepEqual(outputsOf(text), ['cost_note', 'x']);
    assert.equal(requiredVersionOf('terraform {\n  required_version = ">= 1.11, < 2"\n}'), '1.11');
  });

  it('reads the values of a file, and leaves what is inside of a value alone', () => {
    const text = 'project_id = "p-1" # mine\ndomain="d.example"\nregions = {\n  domain = "inner"\n}\nn = 3\n// x = 1\n';
    assert.deepEqual(assignmentsOf(text), { project_id: '"p-1"', domain: '"d.example"', regions: '{', n: '3' });
  });

  it('takes outputs that are whole only, and names every fault', () => {
    assert.equal(parseOutputs('{}'), undefined);
    assert.throws(
      () => parseOutputs('{"project_id":{"value":""},"regions":{"value":{}}}'),
      /project_id: [\s\S]*registry: [\s\S]*regions: has no region/,
    );
  });
});
