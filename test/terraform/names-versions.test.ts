import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PROMTOOL_VERSION } from '../../local/parts/promtool-part.ts';
import { OPENTOFU_VERSION } from '../../local/parts/terraform-part.ts';
import { ADDITIONS, EPHEMERAL } from './schema/additions.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');

describe('terraform: what is written down twice', () => {
  for (const [folder, module, version] of [
    ['opentofu', 'github.com/opentofu/opentofu', OPENTOFU_VERSION],
    ['promtool', 'github.com/prometheus/prometheus', PROMTOOL_VERSION],
  ] as const)
    it(`names one version of ${folder}`, () => {
      const text = readFileSync(path.join(ROOT, 'local/parts', folder, 'go.mod'), 'utf8');
      assert.match(text, new RegExp(`${module} v${version.replaceAll('.', '\\.')}\\b`));
    });

  it('lists in the docs every argument that the extracted schemas do not know', () => {
    const docs = readFileSync(path.join(ROOT, 'docs/terraform.md'), 'utf8');
    const ephemeral = Object.values(EPHEMERAL).flatMap((types) => Object.keys(types).map((type) => `ephemeral.${type}`));
    for (const where of [...Object.values(ADDITIONS).flatMap((all) => all.map((each) => each.path)), ...ephemeral])
      assert.ok(docs.includes(`\`${where}\``), where);
  });
});
