/** The fleet of a chaos run, without pods, and how one of its servers ends. */
import type { KubeClient } from '../agones/kube/kube-client.ts';
import type { GameServer } from '../agones/resources/game-server.ts';
import { collectionPath, FLEETS, GAME_SERVERS, objectPath } from '../agones/resources/resource.ts';
import { podlessFleet } from '../podless-fleet.ts';

export const CHAOS_FLEET = 'chaos';

export async function makeChaosFleet(client: KubeClient, namespace: string, replicas: number, signal: AbortSignal): Promise<void> {
  await client.send({ method: 'POST', path: collectionPath(FLEETS, namespace), body: podlessFleet(CHAOS_FLEET, replicas), signal });
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
