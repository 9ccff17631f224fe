/** Typed clients of a running stack: for the stack's owner with the tokens of `stack.json`, for a player with their own. */
import { accountsApi } from '../../contracts/accounts.ts';
import { allocatorApi } from '../../contracts/allocator-api.ts';
import type { Api, Endpoints } from '../../contracts/endpoint.ts';
import { createClient, type Client, type Send } from '../../contracts/client.ts';
import { matchmakerApi } from '../../contracts/matchmaker.ts';
import { savesApi } from '../../contracts/saves.ts';
import type { StackFile } from '../supervisor/stack-file.ts';

export interface PlayerClients {
  readonly accounts: Client<typeof accountsApi.endpoints>;
  readonly matchmaker: Client<typeof matchmakerApi.endpoints>;
  readonly allocator: Client<typeof allocatorApi.endpoints>;
}

type Token = () => string | undefined | Promise<string | undefined>;

export function playerClients(stack: StackFile, send: Send, token: Token): PlayerClients {
  return {
    accounts: clientOf(stack, accountsApi, send),
    matchmaker: clientOf(stack, matchmakerApi, send, token),
    allocator: clientOf(stack, allocatorApi, send, token),
  };
}

export function operatorSaves(stack: StackFile, send: Send): Client<typeof savesApi.endpoints> {
  return clientOf(stack, savesApi, send, () => stack.tokens['operator']);
}

function clientOf<E extends Endpoints>(stack: StackFile, api: Api<E>, send: Send, token?: Token): Client<E> {
  const service = stack.services[api.name];
  if (service === undefined) throw new Error(`stack.json names no ${api.name}`);
  return createClient(api, { baseUrl: service.url, send, ...(token === undefined ? {} : { token }) });
}
