/** What a person does after a deployment. Pure. */
import { regionsOf, type Known } from './known.ts';
import { kubeconfigFile } from './paths.ts';

export function nextSteps(known: Known): string[] {
  const { outputs, request } = known;
  if (outputs === undefined) return [];
  const { environment } = request;
  const first = regionsOf(known)[0]?.name ?? '';
  return [
    '',
    `${environment} is up: ${Object.keys(outputs.regions).join(', ')}.`,
    'What comes next:',
    `  the API          https://${outputs.api_hosts.allocator}/docs (allocator), https://${outputs.api_hosts.accounts}/docs (accounts)`,
    `  a cluster        kubectl --kubeconfig=${kubeconfigFile(environment, first)} get fleets --namespace=lifeverse`,
    `  your own game    docs/deploy.md; its images go to ${outputs.registry}`,
    `  after a change   make deploy-cluster ENV=${environment}: it does what is left to do, and ends no match`,
    `  upgrades, drains docs/deploy.md`,
    `  take it away     make destroy-cluster ENV=${environment}`,
  ];
}
