import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { plannedNeeds, usualNeed } from '../../deploy/cluster/region-need.ts';
import { ENVIRONMENTS as DEPLOYED } from '../../deploy/cluster/request.ts';
import { costFile, costText } from './cost/cost-file.ts';
import { planEnvironment } from './plan-environment.ts';
import { regionsOfClusters } from './planned.ts';
import { DEV, EVERYWHERE, PROD, STAGING, type Promises } from './promises.ts';
import { terraformBed } from './terraform-bed.ts';
import type { Plan } from './test-output.ts';

const ENVIRONMENTS: Readonly<Record<string, Promises>> = { prod: PROD, staging: STAGING, dev: DEV };
/** A first run builds the schema server, and Terraform where there is none. */
const FIRST_TIME_MS = 900_000;

describe('terraform: the environments', function () {
  this.timeout(FIRST_TIME_MS);
  const plans = new Map<string, Plan>();

  before(async () => {
    const copy = (await terraformBed()).copy('environments');
    // Side by side; the bed keeps it to as many as there are cores for.
    await Promise.all(
      Object.keys(ENVIRONMENTS).map(async (name) => {
        plans.set(name, await planEnvironment(copy, name));
        const valid = await copy.run(`environments/${name}`, 'validate', '-no-color');
        assert.equal(valid.code, 0, valid.said);
      }),
    );
  });

  for (const [name, own] of Object.entries(ENVIRONMENTS)) {
    describe(name, () => {
      it('comes to the quotas that a deployment looks for before it begins', () => {
        const plan = plans.get(name);
        assert.ok(plan);
        const needs = plannedNeeds(JSON.stringify(plan));
        assert.deepEqual(
          Object.keys(needs).toSorted((a, b) => a.localeCompare(b)),
          regionsOfClusters(plan),
        );
        for (const need of Object.values(needs)) assert.deepEqual(need, usualNeed(z.enum(DEPLOYED).parse(name)));
      });
      it('costs what its COST.txt says', () => {
        const note = String(plans.get(name)?.output_changes['cost_note']?.after);
        assert.equal(readFileSync(costFile(name), 'utf8'), costText(note), 'the settings or prices have changed: make cost-notes');
      });
      for (const [promise, judge] of Object.entries({ ...EVERYWHERE, ...own })) {
        it(promise, () => {
          const plan = plans.get(name);
          assert.ok(plan);
          judge(plan);
        });
      }
    });
  }
});

describe('terraform: the tree', function () {
  this.timeout(FIRST_TIME_MS);
  const tree = path.join(import.meta.dirname, '..', '..', 'terraform');

  it('is formatted', async () => {
    const copy = (await terraformBed()).copy('fmt');
    for (const where of ['.', path.join(import.meta.dirname, 'promises')]) {
      const ended = await copy.run('.', 'fmt', '-check', '-recursive', '-diff', where);
      assert.equal(ended.code, 0, ended.said);
    }
  });

  it('has no module that no environment and no cluster uses', () => {
    const roots = [
      'cluster',
      ...Object.keys(ENVIRONMENTS).map((name) => `environments/${name}`),
      ...modulesIn(tree).map((name) => `modules/${name}`),
    ];
    const used = new Set(roots.flatMap((root) => usedBy(path.join(tree, root))));
    assert.deepEqual(
      modulesIn(tree).filter((name) => !used.has(name)),
      [],
    );
  });
});

function modulesIn(tree: string): string[] {
  return readdirSync(path.join(tree, 'modules'));
}

function usedBy(folder: string): string[] {
  const texts = readdirSync(folder)
    .filter((file) => file.endsWith('.tf'))
    .map((file) => readFileSync(path.join(folder, file), 'utf8'));
  return texts.flatMap((text) => [...text.matchAll(/source += "(?:\.\.\/)+(?:modules\/)?([a-z-]+)"/g)].map(([, name = '']) => name));
}
