/** The calls of Agones' SDK by their gRPC paths. */

export const SDK = {
  ready: '/agones.dev.sdk.SDK/Ready',
  allocate: '/agones.dev.sdk.SDK/Allocate',
  shutdown: '/agones.dev.sdk.SDK/Shutdown',
  reserve: '/agones.dev.sdk.SDK/Reserve',
  health: '/agones.dev.sdk.SDK/Health',
  getGameServer: '/agones.dev.sdk.SDK/GetGameServer',
  watchGameServer: '/agones.dev.sdk.SDK/WatchGameServer',
  setLabel: '/agones.dev.sdk.SDK/SetLabel',
  setAnnotation: '/agones.dev.sdk.SDK/SetAnnotation',
} as const;

export const BETA = {
  getCounter: '/agones.dev.sdk.beta.SDK/GetCounter',
  updateCounter: '/agones.dev.sdk.beta.SDK/UpdateCounter',
  getList: '/agones.dev.sdk.beta.SDK/GetList',
  updateList: '/agones.dev.sdk.beta.SDK/UpdateList',
  addListValue: '/agones.dev.sdk.beta.SDK/AddListValue',
  removeListValue: '/agones.dev.sdk.beta.SDK/RemoveListValue',
} as const;

export const ALPHA = {
  playerConnect: '/agones.dev.sdk.alpha.SDK/PlayerConnect',
  playerDisconnect: '/agones.dev.sdk.alpha.SDK/PlayerDisconnect',
  setPlayerCapacity: '/agones.dev.sdk.alpha.SDK/SetPlayerCapacity',
  getPlayerCapacity: '/agones.dev.sdk.alpha.SDK/GetPlayerCapacity',
  getPlayerCount: '/agones.dev.sdk.alpha.SDK/GetPlayerCount',
  isPlayerConnected: '/agones.dev.sdk.alpha.SDK/IsPlayerConnected',
  getConnectedPlayers: '/agones.dev.sdk.alpha.SDK/GetConnectedPlayers',
} as const;
