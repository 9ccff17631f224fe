/** Which clusters there are, and how each is reached. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { ConfigError } from '../../runtime/config.ts';
import type { AskedCluster } from './release-request.ts';

export interface FoundCluster {
  /** By which people call it: its region. */
  readonly name: string;
  readonly config: KubeConfig;
  /** As kubectl is told which cluster is meant. */
  readonly kubectl: string;
}

/**
 * Those that were asked for, by their contexts; else every region for which a deployment has left a kubeconfig.
 * @throws ConfigError that says what is missing.
 */
export function findClusters(tree: string, environment: string, asked: readonly AskedCluster[] | undefined): FoundCluster[] {
  const found = asked === undefined ? deployed(tree, environment) : byContext(asked);
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function byContext(asked: readonly AskedCluster[]): FoundCluster[] {
  const known = new KubeConfig();
  known.loadFromDefault();
  const names = known.getContexts().map(({ name }) => name);
  const missing = asked.filter(({ context }) => !names.includes(context));
  if (missing.length > 0) {
    const there = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
    throw new ConfigError(missing.map(({ context }) => `CONTEXTS: the kubeconfig has no context ${context}; ${there}`));
  }
  return asked.map(({ region, context }) => {
    const config = new KubeConfig();
    config.loadFromDefault();
    config.setCurrentContext(context);
    return { name: region, config, kubectl: `kubectl --context ${context}` };
  });
}

function deployed(tree: string, environment: string): FoundCluster[] {
  const folder = path.join('.deploy', environment);
  const there = path.join(tree, folder);
  const regions = existsSync(there) ? readdirSync(there).filter((name) => existsSync(path.join(there, name, 'kubeconfig'))) : [];
  if (regions.length === 0)
    throw new ConfigError([
      `ENV: ${folder} knows no cluster: bring it up (make deploy-cluster ENV=${environment}), or name clusters by their contexts, as in CONTEXTS=europe-west1=gke_eu,us-east1=gke_us`,
    ]);
  return regions.map((name) => {
    const config = new KubeConfig();
    config.loadFromFile(path.join(there, name, 'kubeconfig'));
    return { name, config, kubectl: `kubectl --kubeconfig ${path.join(folder, name, 'kubeconfig')}` };
  });
}
