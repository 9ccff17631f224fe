import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { CHARTS } from '../../../deploy/pins/charts.ts';
import type { CommandLine } from '../../../deploy/cluster/command-line.ts';
import { gather } from '../../../deploy/cluster/gather.ts';
import type { Known } from '../../../deploy/cluster/known.ts';
import { Outputs } from '../../../deploy/cluster/outputs.ts';
import { CLUSTER_ROOT, environmentRoot, PLACEMENT_FILE, regionFolders } from '../../../deploy/cluster/paths.ts';
import { needOf, usualNeed, type Pool } from '../../../deploy/cluster/region-need.ts';
import { ENVIRONMENTS, readRequest, type Environment } from '../../../deploy/cluster/request.ts';
import type { Standing } from '../../../deploy/cluster/standing.ts';
import { ownNames, planDestroy } from '../../../deploy/cluster/steps/destroy-steps.ts';
import { planSteps } from '../../../deploy/cluster/steps/plan-steps.ts';
import type { Step } from '../../../deploy/cluster/steps/step.ts';
import { assignmentsOf, outputsOf, variablesOf } from '../../../deploy/cluster/terraform-text.ts';
import { awaitedOutputs } from '../../../deploy/cluster/awaited-outputs.ts';

const ROOT = path.join(import.meta.dirname, '../../..');
const textOf = (folder: string): string =>
  readdirSync(path.join(ROOT, folder))
    .filter((name) => name.endsWith('.tf'))
    .map((name) => readFileSync(path.join(ROOT, folder, name), 'utf8'))
    .join('\n');

/** The committed tree's own plan. */
async function knownOf(environment: Environment): Promise<Known> {
  const shop = { env: process.env, say: () => {}, signal: new AbortController().signal };
  const { known } = await gather(readRequest({ ENV: environment }), ROOT, shop);
  return { ...known, outputs: awaitedOutputs(known) };
}

/** As if all of it were there. */
const standing: Standing = {
  hasState: true,
  clusters: [{ region: 'europe-west1', cluster_name: 'lifeverse-dev-europe-west1', endpoint: 'https://gke.example', ca: '' }],
  edgeAddress: '203.0.113.7',
};

function commandsOf({ action, done }: Step): readonly CommandLine[] {
  const own = 'commands' in action ? action.commands : 'command' in action ? [action.command] : [];
  return done.asked === undefined ? own : [...own, done.asked.command];
}

for (const environment of ENVIRONMENTS) {
  describe(`deploy: the plan of ${environment} and terraform/`, () => {
    let known: Known;
    let terraform: CommandLine[];
    before(async () => {
      known = await knownOf(environment);
      const steps = [...planSteps(known, ROOT), ...planDestroy(known, standing, ROOT)];
      terraform = steps.flatMap(commandsOf).filter(({ command }) => command === 'terraform');
    });

    it('names roots that are there', () => {
      const roots = new Set(terraform.map(({ args }) => args[0]?.replace('-chdir=', '') ?? ''));
      assert.deepEqual([...roots].toSorted(), [CLUSTER_ROOT, environmentRoot(environment)]);
      for (const root of roots) assert.match(textOf(root), /backend "gcs" \{\}/, root);
    });

    it('gives what is installed in a cluster every variable that it has to have, and none that it has not', () => {
      const declared = variablesOf(textOf(CLUSTER_ROOT));
      for (const { args } of terraform.filter(({ args: [root, verb] }) => root?.endsWith(CLUSTER_ROOT) && verb !== 'init')) {
        const given = args.flatMap((arg) => /^-var=(\w+)=/.exec(arg)?.[1] ?? []);
        for (const name of given)
          assert.ok(
            declared.some((one) => one.name === name),
            name,
          );
        for (const { name, hasDefault } of declared) assert.ok(hasDefault || given.includes(name), name);
      }
    });

    it('has Agones give out the ports that the environment’s firewall opens', () => {
      const outputs = { ...awaitedOutputs(known), game_ports: '{"min":20000,"max":21000}' };
      const applies = planSteps({ ...known, outputs }, ROOT)
        .flatMap(commandsOf)
        .filter(({ args: [root, verb] }) => root?.endsWith(CLUSTER_ROOT) && verb === 'apply');
      assert.ok(applies.length > 0);
      for (const { args } of applies) assert.ok(args.includes('-var=game_ports={"min":20000,"max":21000}'), args.join(' '));
    });

    it('knows by Terraform’s names and labels what is the environment’s own', () => {
      const { name } = ownNames(known, undefined);
      const module = textOf('terraform/modules/environment');
      assert.match(module, /name += "lifeverse-\$\{var\.environment\}"/);
      assert.match(module, /labels += \{ app = "lifeverse", environment = var\.environment \}/);
      assert.equal(name, `lifeverse-${environment}`);
      assert.match(textOf('terraform/modules/gke-region'), /resource_labels += var\.labels/);
      const named = (folder: string, type: string): string | undefined =>
        new RegExp(`resource "${type}" "this" \\{[^}]*?\\n  name += (.*)\\n`).exec(textOf(`terraform/modules/${folder}`))?.[1];
      assert.equal(named('network', 'google_compute_network'), 'var.name');
      assert.equal(named('edge-http', 'google_certificate_manager_certificate_map'), 'var.name');
      assert.equal(named('edge-http', 'google_compute_ssl_policy'), 'var.name');
      assert.equal(named('edge-http', 'google_compute_security_policy'), '"${var.name}-api"');
    });

    it('reads outputs that the root has', () => {
      const outputs = outputsOf(textOf(environmentRoot(environment)));
      for (const name of Object.keys(Outputs.shape)) assert.ok(outputs.includes(name), name);
    });

    it('has an example of values that sets what has to be set, and nothing strange', () => {
      const declared = variablesOf(textOf(environmentRoot(environment)));
      const example = readFileSync(path.join(ROOT, environmentRoot(environment), `${environment}.tfvars.example`), 'utf8');
      const set = Object.keys(assignmentsOf(example));
      for (const name of set)
        assert.ok(
          declared.some((one) => one.name === name),
          name,
        );
      for (const { name, hasDefault } of declared) assert.ok(hasDefault || set.includes(name), name);
    });

    it('has manifests for the root’s own regions, and services where the root has them', () => {
      const body =
        /variable "regions" \{[\s\S]*?\n {2}default = \{([\s\S]*?)\n {2}\}/.exec(textOf(environmentRoot(environment)))?.[1] ?? '';
      const regions = [...body.matchAll(/"([a-z0-9-]+)"\s*=\s*\{[^}]*services\s*=\s*(true|false)/g)];
      assert.deepEqual(
        regions.map(([, name = '']) => name).toSorted(),
        known.regions.map(({ name }) => name),
      );
      for (const [, name = '', services] of regions)
        for (const layer of services === 'true' ? ['services', 'game-servers'] : ['game-servers'])
          assert.ok(existsSync(path.join(ROOT, regionFolders(environment), name, layer)), `${name}/${layer}`);
    });

    it('counts quotas by the root’s own pools', () => {
      const text = textOf(environmentRoot(environment));
      const zones = /zones\s*=\s*\[([^\]]*)\]/.exec(text)?.[1]?.split(',').length ?? 3;
      const pools = [...text.matchAll(/^ *(\w+) += \{ machine_type = "([^"]+)", min_per_zone = \d+, max_per_zone = (\d+)/gm)];
      assert.ok(pools.length >= 4);
      const counted = pools.map(([, name, machineType = '', most]): Pool => {
        return { machineType, nodes: Number(most) * zones, isPublic: !['services', 'agones', 'metrics'].includes(name ?? '') };
      });
      const need = needOf(counted.filter(({ nodes }) => nodes > 0));
      assert.deepEqual(usualNeed(environment), need);
    });
  });
}

describe('deploy: what the plan and terraform/ both name', () => {
  it('takes charts from the repositories that they are pinned from', () => {
    const text = `${textOf(CLUSTER_ROOT)}\n${textOf('terraform/modules/agones')}`;
    for (const { name, repository } of CHARTS) {
      assert.match(text, new RegExp(`repository\\s+= "${repository}"`), name);
      assert.match(text, new RegExp(`chart\\s+= "${name}"`), name);
    }
  });

  it('places by regions that there are', () => {
    const file = path.join(ROOT, PLACEMENT_FILE);
    const placed = parse(readFileSync(file, 'utf8')) as Record<string, Record<string, unknown> | null>;
    for (const [environment, regions] of Object.entries(placed))
      for (const region of Object.keys(regions ?? {}))
        assert.ok(existsSync(path.join(ROOT, 'fleets/overlays', environment, 'regions', region)), `${environment}: ${region}`);
  });
});
