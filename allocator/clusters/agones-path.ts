/** Where a cluster's API server has what Agones keeps in a namespace. */
export function agonesPath(namespace: string, resource: 'gameservers' | 'fleets'): string {
  return `/apis/agones.dev/v1/namespaces/${namespace}/${resource}`;
}
