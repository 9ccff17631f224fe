/** What to do next with a running stack: lines to copy. Pure. */
import type { StackFile } from '../supervisor/stack-file.ts';

export function thingsToTry({ services, clusters, caFile, logs }: StackFile): string[] {
  const allocator = services['allocator'];
  const [cluster] = clusters;
  return [
    ...(allocator === undefined
      ? []
      : [`the allocator's API   ${allocator.url}/docs   (OpenAPI: curl --cacert ${caFile} ${allocator.url}/openapi.json)`]),
    ...(allocator === undefined ? [] : [`its metrics           curl --cacert ${caFile} ${allocator.opsUrl}/metrics`]),
    ...(cluster === undefined
      ? []
      : [`its game servers      kubectl --kubeconfig ${cluster.kubeconfig} -n ${cluster.namespace} get fleets,gameservers -w`]),
    `logs                  ${logs}`,
    'Ctrl-C ends it',
    '',
  ];
}
