/** The generated messages and services of the published SDK, typed as far as the sidecar uses them. It ships no types. */
import { createRequire } from 'node:module';

import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';

type New<Message> = new () => Message;

interface CountMessage {
  setCount(count: number): void;
  setCapacity(capacity: number): void;
}

interface ValuesMessage {
  setCapacity(capacity: number): void;
  setValuesList(values: readonly string[]): void;
}

export interface SdkMessages {
  readonly Empty: New<unknown>;
}

export interface BetaMessages {
  readonly Counter: New<CountMessage & { setName(name: string): void }>;
  readonly List: New<ValuesMessage & { setName(name: string): void }>;
}

export interface AlphaMessages {
  readonly Empty: New<unknown>;
  readonly Bool: New<{ setBool(value: boolean): void }>;
  readonly Count: New<{ setCount(value: number): void }>;
  readonly PlayerIDList: New<{ setListList(ids: readonly string[]): void }>;
}

export interface KeyValueAsked {
  getKey(): string;
  getValue(): string;
}

export interface DurationAsked {
  getSeconds(): number;
}

export interface PlayerAsked {
  getPlayerid(): string;
}

export interface CountAsked {
  getCount(): number;
}

export interface NamedAsked {
  getName(): string;
}

interface Boxed {
  getValue(): number;
}

export interface UpdateCounterAsked {
  getCounterupdaterequest():
    | (NamedAsked & { getCount(): Boxed | undefined; getCapacity(): Boxed | undefined; getCountdiff(): number })
    | undefined;
}

export interface ListValueAsked extends NamedAsked {
  getValue(): string;
}

export interface UpdateListAsked {
  getList(): (NamedAsked & { getCapacity(): number; getValuesList(): string[] }) | undefined;
  getUpdateMask(): { getPathsList(): string[] } | undefined;
}

export type SdkService = ServiceDefinition<UntypedServiceImplementation>;

export interface SdkDefinitions {
  readonly messages: SdkMessages;
  readonly beta: BetaMessages;
  readonly alpha: AlphaMessages;
  readonly sdk: SdkService;
  readonly betaSdk: SdkService;
  readonly alphaSdk: SdkService;
}

/** CommonJS without types: what is cast here is the shape of the published package, pinned by the lock file. */
export function loadSdkDefinitions(): SdkDefinitions {
  const require = createRequire(import.meta.url);
  const service = (file: string, name: string): SdkService => {
    const found = (require(file) as Readonly<Record<string, SdkService | undefined>>)[name];
    if (found === undefined) throw new Error(`the published SDK has no service ${name}`);
    return found;
  };
  return {
    messages: require('@google-cloud/agones-sdk/lib/sdk_pb.js') as SdkMessages,
    beta: require('@google-cloud/agones-sdk/lib/beta/beta_pb.js') as BetaMessages,
    alpha: require('@google-cloud/agones-sdk/lib/alpha/alpha_pb.js') as AlphaMessages,
    sdk: service('@google-cloud/agones-sdk/lib/sdk_grpc_pb.js', 'agones.dev.sdk.SDK'),
    betaSdk: service('@google-cloud/agones-sdk/lib/beta/beta_grpc_pb.js', 'agones.dev.sdk.beta.SDK'),
    alphaSdk: service('@google-cloud/agones-sdk/lib/alpha/alpha_grpc_pb.js', 'agones.dev.sdk.alpha.SDK'),
  };
}
