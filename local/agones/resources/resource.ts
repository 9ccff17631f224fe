/** The kinds that the stand-in works with: where the API serves each of them, and what type an answer has. */
import type { Fleet, FleetAutoscaler, GameServerSet } from './fleet.ts';
import type { GameServer } from './game-server.ts';
import type { KubeObject } from './object-meta.ts';
import type { Node, Pod } from './pod.ts';

export interface Resource<Kind extends KubeObject> {
  readonly kind: string;
  readonly apiVersion: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** What the API server says is of this kind is trusted: it checked the object against the kind's schema. */
  readonly parse: (value: unknown) => Kind;
}

function resource<Kind extends KubeObject>(kind: string, apiVersion: string, plural: string, namespaced = true): Resource<Kind> {
  return {
    kind,
    apiVersion,
    plural,
    namespaced,
    parse: (value) => {
      if (typeof value !== 'object' || value === null || !('metadata' in value)) {
        throw new Error(`the API server sent a ${kind} without metadata`);
      }
      // Objects inside a list come without their kind.
      return { ...(value as Kind), kind, apiVersion };
    },
  };
}

export const FLEETS = resource<Fleet>('Fleet', 'agones.dev/v1', 'fleets');
export const GAME_SERVER_SETS = resource<GameServerSet>('GameServerSet', 'agones.dev/v1', 'gameserversets');
export const GAME_SERVERS = resource<GameServer>('GameServer', 'agones.dev/v1', 'gameservers');
export const FLEET_AUTOSCALERS = resource<FleetAutoscaler>('FleetAutoscaler', 'autoscaling.agones.dev/v1', 'fleetautoscalers');
export const PODS = resource<Pod>('Pod', 'v1', 'pods');
export const NODES = resource<Node>('Node', 'v1', 'nodes', false);

/** Where a collection of this kind is served, in one namespace or in all. */
export function collectionPath(kind: Resource<KubeObject>, namespace?: string): string {
  const root = kind.apiVersion.includes('/') ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`;
  const inside = kind.namespaced && namespace !== undefined ? `/namespaces/${namespace}` : '';
  return `${root}${inside}/${kind.plural}`;
}

/** Where one object is served. */
export const objectPath = (kind: Resource<KubeObject>, namespace: string, name: string): string =>
  `${collectionPath(kind, namespace)}/${name}`;
