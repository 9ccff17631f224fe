/** Clusters, network, databases, the edge: all that Terraform makes for an environment. Pure. */
import { randomSecretSteps } from './secret-steps.ts';
import type { Known } from '../known.ts';
import type { Outputs } from '../outputs.ts';
import { environmentRoot, planFile } from '../paths.ts';
import { stateBucket } from '../state-bucket.ts';
import type { Step } from './step.ts';
import {
  terraformApplyPlan,
  terraformInit,
  terraformOutputs,
  terraformPlan,
  terraformShowPlan,
  type TerraformPlace,
} from './terraform-commands.ts';

export function infrastructurePlace(known: Known, tree: string): TerraformPlace {
  return { environment: known.request.environment, bucket: stateBucket(known), tree };
}

export function infrastructureSteps(known: Known, outputs: Outputs, tree: string): Step[] {
  const { environment } = known.request;
  const root = environmentRoot(environment);
  const place = infrastructurePlace(known, tree);
  return [
    {
      id: 'infrastructure',
      what: `Apply ${root}: network, clusters, databases, registry, edge, alerts`,
      why: 'everything else runs in it',
      action: {
        kind: 'infrastructure',
        commands: [terraformInit(place), terraformPlan(place), terraformShowPlan(place), terraformApplyPlan(place)],
      },
      done: { when: 'terraform plan shows no changes; applying again then changes nothing' },
      undo: `make destroy-cluster ENV=${environment}`,
      lookAt: `Terraform’s words above; ${root}; the plan is kept in ${planFile(environment)}`,
    },
    {
      id: 'outputs',
      what: 'Read what the infrastructure gave',
      why: 'endpoints, addresses and names go into the settings of what runs there',
      action: { kind: 'read-outputs', command: terraformOutputs(place) },
      done: { when: 'it is read anew every time' },
      undo: 'nothing is changed',
      lookAt: `${root}/outputs.tf`,
    },
    ...randomSecretSteps(known, outputs),
  ];
}
