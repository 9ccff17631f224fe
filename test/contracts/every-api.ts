import { accountsApi } from '../../contracts/accounts.ts';
import { allocatorApi } from '../../contracts/allocator-api.ts';
import { bridgeApi } from '../../contracts/bridge.ts';
import type { Api } from '../../contracts/endpoint.ts';
import { matchmakerApi } from '../../contracts/matchmaker.ts';
import { savesApi } from '../../contracts/saves.ts';

export const EVERY_API: readonly Api[] = [accountsApi, allocatorApi, bridgeApi, matchmakerApi, savesApi];
