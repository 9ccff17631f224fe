/** A game server as the allocator reads it from Kubernetes. */
import { z } from 'zod';
import { GAME_SERVER_MARKS } from '../../contracts/allocator.ts';
import { FLEET_LABEL, type ServerCounter, type ServerList } from '../placement/pool.ts';
import { tokenInAnnotation } from './udp-edge.ts';

const Ports = z
  .array(z.object({ name: z.string().optional(), port: z.int() }))
  .nullish()
  .transform((ports) => ports ?? []);

/** Go leaves out a zero. */
const Amount = z
  .number()
  .nullish()
  .transform((amount) => amount ?? 0);
const Values = z
  .array(z.string())
  .nullish()
  .transform((values) => values ?? []);

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
    .object({
      state: z.string().default(''),
      address: z.string().default(''),
      ports: Ports,
      counters: z.record(z.string(), z.object({ count: Amount, capacity: Amount })).nullish(),
      lists: z.record(z.string(), z.object({ values: Values, capacity: Amount })).nullish(),
    })
    .default({ state: '', address: '', ports: [] }),
});

export interface GameServer {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly state: string;
  readonly deleting: boolean;
  /** As requests call it: Agones may know a fleet for each of its builds. */
  readonly fleet: string;
  readonly build: string;
  readonly address: string;
  readonly port: number | undefined;
  /** By which a request may choose. */
  readonly labels: Readonly<Record<string, string>>;
  readonly counters: Readonly<Record<string, ServerCounter>>;
  readonly lists: Readonly<Record<string, ServerList>>;
  /** What an allocation left on it; undefined where there is none. */
  readonly owner: string | undefined;
  readonly allocationUid: string | undefined;
  readonly attempt: number | undefined;
  readonly allocationId: string | undefined;
  /** What it was told beforehand, as it stands in its annotation. */
  readonly notice: string | undefined;
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
    fleet: metadata.labels[GAME_SERVER_MARKS.fleet] ?? metadata.labels[FLEET_LABEL] ?? '',
    build: metadata.labels[GAME_SERVER_MARKS.build] ?? '',
    address: status.address,
    port: status.ports[0]?.port,
    labels: metadata.labels,
    counters: status.counters ?? NOTHING,
    lists: status.lists ?? NOTHING,
    owner: metadata.labels[GAME_SERVER_MARKS.owner],
    allocationUid: metadata.labels[GAME_SERVER_MARKS.uid],
    attempt: Number.isInteger(attempt) ? attempt : undefined,
    allocationId: metadata.annotations[GAME_SERVER_MARKS.id],
    notice: metadata.annotations[GAME_SERVER_MARKS.notice],
  };
}

/** Most of a game server is its pod's template, which nobody here reads. */
export function slimGameServer(object: unknown): unknown {
  if (typeof object !== 'object' || object === null || !('spec' in object)) return object;
  const { spec: _unread, ...rest } = object;
  return rest;
}

export interface Carried {
  readonly session: string | undefined;
  /** By which an edge finds it. */
  readonly routingToken: string | undefined;
}

/** What an allocation left on it of the session; not kept in the census: it may be long, and it is secret. */
export function carriedBy(object: unknown): Carried {
  const { annotations } = GameServerObject.parse(object).metadata;
  return {
    session: annotations[GAME_SERVER_MARKS.session],
    routingToken: tokenInAnnotation(annotations[GAME_SERVER_MARKS.routingTokens]),
  };
}

/** The fleet as Agones knows it: as its object is called, and as selectors name it. */
export function agonesFleetOf({ labels, fleet }: Pick<GameServer, 'labels' | 'fleet'>): string {
  return labels[FLEET_LABEL] ?? fleet;
}

/** One for all: most servers have neither counters nor lists. */
const NOTHING = {};

/** It can host, or hosts: not on its way out. */
export function isAlive(server: GameServer): boolean {
  return !server.deleting && !['Shutdown', 'Error', 'Unhealthy'].includes(server.state);
}

/** An ask could win it. */
export function isFree(server: GameServer): boolean {
  return server.state === 'Ready' && !server.deleting;
}

/** Deletes it if it still is what we know of it. */
export function deletionOf({ uid, resourceVersion }: GameServer): object {
  const preconditions = { uid, resourceVersion };
  return { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy: 'Background' };
}

/** A merge patch that writes an annotation, or takes it away, if the server still is what we know of it. */
export function annotationOf({ uid, resourceVersion }: GameServer, name: string, value: string | undefined): object {
  return { metadata: { uid, resourceVersion, annotations: { [name]: value ?? null } } };
}
