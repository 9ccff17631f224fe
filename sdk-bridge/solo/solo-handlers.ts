/** What can be scripted: every endpoint of `contracts/bridge-solo.ts`. */
import type { soloApi, SoloState } from '../../contracts/bridge-solo.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import type { SessionState } from '../session.ts';
import type { SoloAgones } from './solo-agones.ts';
import type { SoloGameServer } from './solo-game-server.ts';
import type { SoloAllocator } from './solo-allocator.ts';
import { gameServerOf, type SoloKeeper } from './solo-kept.ts';

export interface SoloParts {
  readonly keeper: SoloKeeper;
  readonly gameServer: Pick<SoloGameServer, 'write'>;
  readonly agones: SoloAgones;
  readonly allocator: SoloAllocator;
  /** Changed in place: it is what every call to the backend looks at. */
  readonly backend: { allocator: 'here' | 'away'; saves: 'here' | 'away' };
  /** Of the life that is lived. */
  readonly current: () => SessionState;
  /** Resolves when the next life is there. */
  readonly next: (forgetSaves: boolean) => Promise<void>;
  readonly folder: string;
  readonly now: () => number;
}

export function soloHandlers(parts: SoloParts): Handlers<(typeof soloApi)['endpoints']> {
  const { keeper, gameServer, agones, allocator, backend, current, next, now } = parts;
  const state = () => ({ status: 200 as const, body: stateOf(parts) });
  const then = async (work: Promise<unknown>) => {
    await work;
    return state();
  };
  return {
    soloState: async () => state(),
    soloAllocate: async ({ body }) => {
      const { id, uid, admissions } = await allocator.allocate(body, current().hello?.build ?? 'dev');
      return { status: 200, body: { id, uid, gameServer: gameServerOf(keeper.current()), admissions } };
    },
    soloTicket: async ({ body }) => ({ status: 200, body: await allocator.ticket(body.playerId, body.role, body.expiresInSeconds) }),
    soloKick: ({ body }) => then(allocator.kick(body.playerId, body.reason)),
    soloNotices: ({ body }) => then(allocator.post(body.notices)),
    soloLoseWorld: () => then(allocator.loseWorld()),
    soloEnd: ({ body }) =>
      then(
        gameServer.write({ status: { state: body.state }, ...(body.state === 'Shutdown' ? { deletedAt: Math.floor(now() / 1_000) } : {}) }),
      ),
    soloAgones: ({ body }) => then(agones[body.do]()),
    soloBackend: ({ body }) => {
      Object.assign(backend, body);
      return then(Promise.resolve());
    },
    soloReset: ({ body }) => then(next(body.forgetSaves)),
  };
}

function stateOf({ keeper, agones, backend, current, folder, now }: SoloParts): SoloState {
  const { life, allocation, agones: kept } = keeper.current();
  const beatAt = agones.lastBeatAt();
  return {
    life,
    gameServer: gameServerOf(keeper.current()),
    phase: current().phase,
    agones: { here: agones.isHere(), state: kept.state, ...(beatAt === undefined ? {} : { secondsSinceBeat: (now() - beatAt) / 1_000 }) },
    backend: { ...backend },
    ...(allocation === undefined
      ? {}
      : {
          allocation: {
            id: allocation.id,
            uid: allocation.uid,
            state: allocation.state,
            session: allocation.session,
            players: allocation.players.map(({ id, role }) => ({ id, role })),
            ...(allocation.reason === undefined ? {} : { reason: allocation.reason }),
            ...(allocation.port === undefined ? {} : { port: allocation.port }),
          },
        }),
    folder,
  };
}
