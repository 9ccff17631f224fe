/** A fleet without pods: its servers are Ready as soon as they are made, and whoever plays them does so from outside. */
import { GAME_SERVER_MARKS } from '../../contracts/allocator.ts';
import type { KubeClient } from '../agones/kube/kube-client.ts';
import type { GameServer } from '../agones/resources/game-server.ts';
import { collectionPath, FLEETS, GAME_SERVERS, objectPath } from '../agones/resources/resource.ts';

export const CHAOS_FLEET = 'chaos';
export const CHAOS_BUILD = 'dev';

export async function makeChaosFleet(client: KubeClient, namespace: string, replicas: number, signal: AbortSignal): Promise<void> {
  const body = {
    apiVersion: 'agones.dev/v1',
    kind: 'Fleet',
    metadata: { name: CHAOS_FLEET },
    spec: {
      replicas,
      template: {
        metadata: { labels: { [GAME_SERVER_MARKS.build]: CHAOS_BUILD }, annotations: { 'agones.dev/dev-address': '127.0.0.1' } },
        spec: {
          ports: [{ name: 'game', portPolicy: 'Static', hostPort: 7_777, containerPort: 7_777 }],
          template: { spec: { containers: [{ name: 'game', image: 'none' }] } },
        },
      },
    },
  };
  await client.send({ method: 'POST', path: collectionPath(FLEETS, namespace), body, signal });
}

/** What a game server's SDK does at its end. */
export async function shutDown(client: KubeClient, server: GameServer, signal: AbortSignal): Promise<void> {
  const { namespace, name, uid } = server.metadata;
  await client.send({
    method: 'PATCH',
    path: objectPath(GAME_SERVERS, namespace, name),
    contentType: 'application/merge-patch+json',
    body: { metadata: { uid }, status: { state: 'Shutdown' } },
    signal,
  });
}
