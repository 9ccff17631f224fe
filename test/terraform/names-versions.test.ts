import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { OPENTOFU_VERSION } from '../../local/parts/terraform-part.ts';
import { ADDITIONS, EPHEMERAL } from './schema/additions.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');

describe('terraform: what is written down twice', () => {
  it('names one version of OpenTofu', () => {
    const module = readFileSync(path.join(ROOT, 'local/parts/opentofu/go.mod'), 'utf8');
    assert.match(module, new RegExp(`github.com/opentofu/opentofu v${OPENTOFU_VERSION.replaceAll('.', '\\.')}\\b`));
  });

  it('lists in the docs every argument that the extracted schemas do not know', () => {
    const docs = readFileSync(path.join(ROOT, 'docs/terraform.md'), 'utf8');
    const ephemeral = Object.values(EPHEMERAL).flatMap((types) => Object.keys(types).map((type) => `ephemeral.${type}`));
    for (const where of [...Object.values(ADDITIONS).flatMap((all) => all.map((each) => each.path)), ...ephemeral])
      assert.ok(docs.includes(`\`${where}\``), where);
  });
});
