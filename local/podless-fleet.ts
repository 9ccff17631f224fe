/** A fleet without pods: its servers are Ready as soon as they are made, and whoever plays them does so from outside. */
import { GAME_SERVER_MARKS } from '../contracts/allocator.ts';

export const PODLESS_BUILD = 'dev';

/** @param server more of what each server is, such as its counters */
export function podlessFleet(name: string, replicas: number, server: object = {}): object {
  return {
    apiVersion: 'agones.dev/v1',
    kind: 'Fleet',
    metadata: { name },
    spec: {
      replicas,
      template: {
        metadata: { labels: { [GAME_SERVER_MARKS.build]: PODLESS_BUILD }, annotations: { 'agones.dev/dev-address': '127.0.0.1' } },
        spec: {
          ports: [{ name: 'game', portPolicy: 'Static', hostPort: 7_777, containerPort: 7_777 }],
          template: { spec: { containers: [{ name: 'game', image: 'none' }] } },
          ...server,
        },
      },
    },
  };
}
