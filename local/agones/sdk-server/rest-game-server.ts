/** A game server as the SDK's REST face says it: snake case, and numbers of 64 bits as text (pure). */
import type { GameServer } from '../resources/game-server.ts';
import type { Counter, List } from './counts.ts';

type Json = Readonly<Record<string, unknown>>;

export const unixSeconds = (time: string | undefined): number => (time === undefined ? 0 : Math.floor(Date.parse(time) / 1_000));

export function restGameServer({ metadata, spec, status }: GameServer): Json {
  const health = spec.health;
  return {
    object_meta: {
      name: metadata.name,
      namespace: metadata.namespace,
      uid: metadata.uid,
      resource_version: metadata.resourceVersion,
      generation: String(metadata.generation ?? 0),
      creation_timestamp: String(unixSeconds(metadata.creationTimestamp)),
      deletion_timestamp: String(unixSeconds(metadata.deletionTimestamp)),
      annotations: metadata.annotations ?? {},
      labels: metadata.labels ?? {},
    },
    spec: {
      health: {
        disabled: health?.disabled ?? false,
        period_seconds: health?.periodSeconds ?? 0,
        failure_threshold: health?.failureThreshold ?? 0,
        initial_delay_seconds: health?.initialDelaySeconds ?? 0,
      },
    },
    status: {
      state: status?.state ?? '',
      address: status?.address ?? '',
      addresses: (status?.addresses ?? []).map(({ type, address }) => ({ type, address })),
      ports: (status?.ports ?? []).map(({ name, port }) => ({ name, port })),
      players: null,
      counters: Object.fromEntries(
        Object.entries(status?.counters ?? {}).map(([name, { count = 0, capacity = 0 }]) => [
          name,
          { count: String(count), capacity: String(capacity) },
        ]),
      ),
      lists: Object.fromEntries(
        Object.entries(status?.lists ?? {}).map(([name, { capacity = 0, values = [] }]) => [name, { capacity: String(capacity), values }]),
      ),
    },
  };
}

export const restCounter = (name: string, { count, capacity }: Counter): Json => ({
  name,
  count: String(count),
  capacity: String(capacity),
});

export const restList = (name: string, { capacity, values }: List): Json => ({ name, capacity: String(capacity), values });
