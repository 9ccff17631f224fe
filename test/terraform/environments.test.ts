import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { plannedNeeds, usualNeed } from '../../deploy/cluster/region-need.ts';
import { ENVIRONMENTS as DEPLOYED } from '../../deploy/cluster/request.ts';
import { costFile, costText } from './cost/cost-file.ts';
import { planEnvironment } from './plan-environment.ts';
import { regionsOfClusters } from './planned.ts';
import { DEV, PROD, STAGING } from './promises/environment-promises.ts';
import { EVERYWHERE } from './promises/everywhere.ts';
import type { Promises } from './promises/promise.ts';
import { terraformBed, type TerraformCopy } from './terraform-bed.ts';
import type { Plan } from './test-output.ts';

const ENVIRONMENTS: Readonly<Record<string, Promises>> = { prod: PROD, staging: STAGING, dev: DEV };
/** A first run builds the schema server, and Terraform where there is none. */
const FIRST_TIME_MS = 900_000;

describe('terraform: the environments', function () {
  this.timeout(FIRST_TIME_MS);
  const plans = new Map<string, Plan>();
  let copy: TerraformCopy;

  before(async () => {
    copy = (await terraformBed()).copy('environments');
    // Side by side; the bed keeps it to as many as there are cores for.
    await Promise.all(
      Object.keys(ENVIRONMENTS).map(async (name) => {
        plans.set(name, await planEnvironment(copy, name));
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

  // A plan has validated its configuration before; the command as such is run once, it costs as much as a plan.
  it('are configurations that Terraform calls valid', async () => {
    const valid = await copy.run('environments/prod', 'validate', '-no-color');
    assert.equal(valid.code, 0, valid.said);
  });
});
