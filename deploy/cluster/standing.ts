/**
 * What of an environment is there to be destroyed. Terraform's outputs do not tell: they are the first to go when a destroy begins, and may
 * never come when an apply has failed half way.
 */
import { z } from 'zod';
import { CommandFailure, succeeded } from '../tools/command.ts';
import { showCommand, type CommandLine } from './command-line.ts';
import type { Hands } from './doing/hands.ts';
import { mustRunLine, runLine } from './doing/run-line.ts';
import { projectOf, type Known } from './known.ts';
import type { RegionOutput } from './outputs.ts';
import { infrastructurePlace } from './steps/infrastructure-steps.ts';
import { terraformInit, terraformOutputs, terraformStateList, type TerraformPlace } from './steps/terraform-commands.ts';

export type ReachableCluster = Pick<RegionOutput, 'cluster_name' | 'endpoint' | 'ca'> & { readonly region: string };

export interface Standing {
  /** Terraform knows of something. */
  readonly hasState: boolean;
  readonly clusters: readonly ReachableCluster[];
  /** Of the public edge, where Terraform still tells. */
  readonly edgeAddress: string | undefined;
}

const Clusters = z.array(
  z.object({
    name: z.string(),
    location: z.string(),
    controlPlaneEndpointsConfig: z.object({ dnsEndpointConfig: z.object({ endpoint: z.string() }) }),
  }),
);
const Edge = z.object({ edge_ip: z.object({ value: z.string() }) });

/** By the labels that Terraform gives them. */
export function listClusters(known: Known): CommandLine {
  const filter = `resourceLabels.app=lifeverse AND resourceLabels.environment=${known.request.environment}`;
  const fields = 'json(name,location,controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint)';
  const args = ['container', 'clusters', 'list', `--filter=${filter}`, `--format=${fields}`, `--project=${projectOf(known)}`];
  return { command: 'gcloud', args, timeoutMs: 120_000 };
}

/** @param hasBucket without the bucket there is no state. @throws CommandFailure where something cannot be seen. */
export async function whatStands(known: Known, hasBucket: boolean, hands: Hands): Promise<Standing> {
  if (!hasBucket) return { hasState: false, clusters: [], edgeAddress: undefined };
  const place = infrastructurePlace(known, hands.tree);
  await mustRunLine(terraformInit(place), hands);
  if (!(await hasState(place, hands))) return { hasState: false, clusters: [], edgeAddress: undefined };
  const clusters = Clusters.parse(JSON.parse((await mustRunLine(listClusters(known), hands)).trim() || '[]'));
  const outputs = await runLine(terraformOutputs(place), hands);
  return {
    hasState: true,
    clusters: clusters.map(({ name, location, controlPlaneEndpointsConfig: config }) => ({
      region: location,
      cluster_name: name,
      endpoint: `https://${config.dnsEndpointConfig.endpoint}`,
      ca: '',
    })),
    edgeAddress: edgeIn(outputs.stdout),
  };
}

/** Terraform calls it a failure that there never was a state. */
async function hasState(place: TerraformPlace, hands: Hands): Promise<boolean> {
  const line = terraformStateList(place);
  const end = await runLine(line, hands);
  if (/No state file was found/.test(end.stderr)) return false;
  if (!succeeded(end)) throw new CommandFailure(showCommand(line).replaceAll(hands.tree, '$PWD'), end);
  return end.stdout.trim() !== '';
}

function edgeIn(text: string): string | undefined {
  try {
    return Edge.safeParse(JSON.parse(text)).data?.edge_ip.value;
  } catch {
    return undefined;
  }
}
