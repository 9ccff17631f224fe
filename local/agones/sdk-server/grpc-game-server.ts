/** A game server as the SDK's gRPC face says it: the bytes of `agones.dev.sdk.GameServer` (pure). */
import type { CounterStatus, GameServer, Health, ListStatus } from '../resources/game-server.ts';
import { bytesField, concat, mapField, numberField, textField, type Field } from './proto-writer.ts';
import { unixSeconds } from './rest-game-server.ts';

export const grpcGameServer = (gameServer: GameServer): Buffer =>
  concat([
    bytesField(1, metaOf(gameServer)),
    bytesField(2, bytesField(1, healthOf(gameServer.spec.health))),
    bytesField(3, statusOf(gameServer)),
  ]);

const metaOf = ({ metadata }: GameServer): Buffer =>
  concat([
    textField(1, metadata.name),
    textField(2, metadata.namespace),
    textField(3, metadata.uid),
    textField(4, metadata.resourceVersion),
    numberField(5, metadata.generation ?? 0),
    numberField(6, unixSeconds(metadata.creationTimestamp)),
    numberField(7, unixSeconds(metadata.deletionTimestamp)),
    mapField(8, textsOf(metadata.annotations)),
    mapField(9, textsOf(metadata.labels)),
  ]);

const healthOf = (health: Health | undefined): Buffer =>
  concat([
    numberField(1, health?.disabled ?? false),
    numberField(2, health?.periodSeconds ?? 0),
    numberField(3, health?.failureThreshold ?? 0),
    numberField(4, health?.initialDelaySeconds ?? 0),
  ]);

const statusOf = ({ status }: GameServer): Buffer =>
  concat([
    textField(1, status?.state ?? ''),
    textField(2, status?.address ?? ''),
    ...(status?.ports ?? []).map(({ name, port }) => bytesField(3, concat([textField(1, name), numberField(2, port)]))),
    mapField(5, valuesOf(status?.counters, counterOf)),
    mapField(6, valuesOf(status?.lists, listOf)),
    ...(status?.addresses ?? []).map(({ type, address }) => bytesField(7, concat([textField(1, type), textField(2, address)]))),
  ]);

const counterOf = ({ count = 0, capacity = 0 }: CounterStatus): Buffer => concat([numberField(1, count), numberField(2, capacity)]);

const listOf = ({ capacity = 0, values = [] }: ListStatus): Buffer =>
  concat([numberField(1, capacity), ...values.map((value) => bytesField(2, Buffer.from(value, 'utf8')))]);

const textsOf = (texts: Readonly<Record<string, string>> | undefined): Record<string, Field> =>
  Object.fromEntries(Object.entries(texts ?? {}).map(([key, value]) => [key, textField(2, value)]));

const valuesOf = <Value>(values: Readonly<Record<string, Value>> | undefined, write: (value: Value) => Buffer): Record<string, Field> =>
  Object.fromEntries(Object.entries(values ?? {}).map(([key, value]) => [key, bytesField(2, write(value))]));
