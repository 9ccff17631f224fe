/** A game server as the allocator reads it from Kubernetes. */
import { z } from 'zod';
import { GAME_SERVER_MARKS } from '../../contracts/allocator.ts';

const Ports = z
  .array(z.object({ name: z.string().optional(), port: z.int() }))
  .nullish()
  .transform((ports) => ports ?? []);

const GameServerObject = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
    annotations: z.record(z.string(), z.string()).default({}),
    deletionTimestamp: z.string().optional(),
  }),
  status: z
    .object({ state: z.string().default(''), address: z.string().default(''), ports: Ports })
    .default({ state: '', address: '', ports: [] }),
});

export interface GameServer {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly state: string;
  readonly deleting: boolean;
  readonly fleet: string;
  readonly build: string;
  readonly address: string;
  readonly port: number | undefined;
  /** What an allocation left on it; undefined where there is none. */
  readonly owner: string | undefined;
  readonly allocationUid: string | undefined;
  readonly attempt: number | undefined;
  readonly allocationId: string | undefined;
}

/** @throws ZodError when it is no GameServer. */
export function gameServerOf(object: unknown): GameServer {
  const { metadata, status } = GameServerObject.parse(object);
  const attempt = Number(metadata.labels[GAME_SERVER_MARKS.attempt]);
  return {
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    state: status.state,
    deleting: metadata.deletionTimestamp !== undefined,
    fleet: metadata.labels['agones.dev/fleet'] ?? '',
    build: metadata.labels[GAME_SERVER_MARKS.build] ?? '',
    address: status.address,
    port: status.ports[0]?.port,
    owner: metadata.labels[GAME_SERVER_MARKS.owner],
    allocationUid: metadata.labels[GAME_SERVER_MARKS.uid],
    attempt: Number.isInteger(attempt) ? attempt : undefined,
    allocationId: metadata.annotations[GAME_SERVER_MARKS.id],
  };
}

/** What an allocation left on it of the session; not kept in the census, since it may be long. */
export function sessionTextOf(object: unknown): string | undefined {
  return GameServerObject.parse(object).metadata.annotations[GAME_SERVER_MARKS.session];
}

/** It can host, or hosts: not on its way out. */
export function isAlive(server: GameServer): boolean {
  return !server.deleting && !['Shutdown', 'Error', 'Unhealthy'].includes(server.state);
}
