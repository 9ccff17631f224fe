/** A game server as the SDK tells it: the fields of `agones.dev.sdk.GameServer`, and its bytes (pure). */
import type { GameServer as SdkGameServer } from '../../agones/game-server.ts';
import { bytesField, concat, mapField, numberField, textField, textsField } from '../../agones/wire-writer.ts';
import type { SidecarGameServer } from './sidecar-game-server.ts';

export function sdkGameServer({ metadata, spec: { health }, status }: SidecarGameServer): SdkGameServer {
  return {
    objectMeta: {
      name: metadata.name,
      namespace: metadata.namespace,
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      generation: BigInt(metadata.generation ?? 0),
      creationTimestamp: unixSeconds(metadata.creationTimestamp),
      deletionTimestamp: unixSeconds(metadata.deletionTimestamp),
      annotationsMap: Object.entries(metadata.annotations ?? {}),
      labelsMap: Object.entries(metadata.labels ?? {}),
    },
    spec: {
      health: {
        disabled: health?.disabled ?? false,
        periodSeconds: health?.periodSeconds ?? 0,
        failureThreshold: health?.failureThreshold ?? 0,
        initialDelaySeconds: health?.initialDelaySeconds ?? 0,
      },
    },
    status: {
      state: status?.state ?? '',
      address: status?.address ?? '',
      addressesList: status?.addresses ?? [],
      portsList: status?.ports ?? [],
      players: status?.players
        ? { count: BigInt(status.players.count), capacity: BigInt(status.players.capacity), idsList: status.players.ids ?? [] }
        : undefined,
      countersMap: entriesOf(status?.counters, ({ count = 0, capacity = 0 }) => ({ count: BigInt(count), capacity: BigInt(capacity) })),
      listsMap: entriesOf(status?.lists, ({ capacity = 0, values = [] }) => ({ capacity: BigInt(capacity), valuesList: values })),
    },
  };
}

export const grpcGameServer = (gameServer: SidecarGameServer): Buffer => bytesOf(sdkGameServer(gameServer));

function bytesOf({ objectMeta: meta, spec: { health }, status }: SdkGameServer): Buffer {
  return concat([
    bytesField(
      1,
      concat([
        textField(1, meta.name),
        textField(2, meta.namespace),
        textField(3, meta.uid),
        textField(4, meta.resourceVersion),
        numberField(5, meta.generation),
        numberField(6, meta.creationTimestamp),
        numberField(7, meta.deletionTimestamp),
        mapField(
          8,
          mapped(meta.annotationsMap, (value) => textField(2, value)),
        ),
        mapField(
          9,
          mapped(meta.labelsMap, (value) => textField(2, value)),
        ),
      ]),
    ),
    bytesField(2, bytesField(1, health === undefined ? Buffer.alloc(0) : healthOf(health))),
    bytesField(3, statusOf(status)),
  ]);
}

const healthOf = (health: NonNullable<SdkGameServer['spec']['health']>): Buffer =>
  concat([
    numberField(1, health.disabled),
    numberField(2, health.periodSeconds),
    numberField(3, health.failureThreshold),
    numberField(4, health.initialDelaySeconds),
  ]);

const statusOf = ({ players, ...status }: SdkGameServer['status']): Buffer =>
  concat([
    textField(1, status.state),
    textField(2, status.address),
    ...status.portsList.map(({ name, port }) => bytesField(3, concat([textField(1, name), numberField(2, port)]))),
    ...(players === undefined
      ? []
      : [bytesField(4, concat([numberField(1, players.count), numberField(2, players.capacity), textsField(3, players.idsList)]))]),
    mapField(
      5,
      mapped(status.countersMap, ({ count, capacity }) => bytesField(2, concat([numberField(1, count), numberField(2, capacity)]))),
    ),
    mapField(
      6,
      mapped(status.listsMap, ({ capacity, valuesList }) => bytesField(2, concat([numberField(1, capacity), textsField(2, valuesList)]))),
    ),
    ...status.addressesList.map(({ type, address }) => bytesField(7, concat([textField(1, type), textField(2, address)]))),
  ]);

const unixSeconds = (time: string | undefined): bigint => (time === undefined ? 0n : BigInt(Math.floor(Date.parse(time) / 1_000)));

const mapped = <Value, Made>(entries: readonly (readonly [string, Value])[], make: (value: Value) => Made): [string, Made][] =>
  entries.map(([key, value]) => [key, make(value)]);

const entriesOf = <Value, Made>(values: Readonly<Record<string, Value>> | undefined, make: (value: Value) => Made): [string, Made][] =>
  mapped(Object.entries(values ?? {}), make);
