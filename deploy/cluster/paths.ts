/** Where things are, relative to the root of the tree. `.deploy` is never committed. */
import type { Environment } from './request.ts';

export const PLACEMENT_FILE = 'deploy/cluster/placement.yaml';
/** What the matchmaker asks for, by mode. */
export const MODES_FILE = 'fleets/base/services/match-modes.json';
export const CLUSTER_ROOT = 'terraform/cluster';

export const environmentRoot = (environment: Environment): string => `terraform/environments/${environment}`;
export const settingsFile = (environment: Environment): string => `${environmentRoot(environment)}/${environment}.tfvars`;
/** What a month costs with the root's own settings. */
export const costFile = (environment: Environment): string => `${environmentRoot(environment)}/COST.txt`;
export const regionFolders = (environment: Environment): string => `fleets/overlays/${environment}/regions`;
export const workFolder = (environment: Environment): string => `.deploy/${environment}`;
export const regionFolder = (environment: Environment, region: string): string => `${workFolder(environment)}/${region}`;
export const kubeconfigFile = (environment: Environment, region: string): string => `${regionFolder(environment, region)}/kubeconfig`;
export const planFile = (environment: Environment): string => `${workFolder(environment)}/infrastructure.tfplan`;

/** The part of the deployment that is one kustomization. */
export type Layer = 'game-servers' | 'services';
export const layerFolder = (environment: Environment, region: string, layer: Layer): string =>
  `${regionFolder(environment, region)}/${layer}`;
