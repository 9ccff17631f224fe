/** The world and the inventories of players. */
import { AppError } from '../../contracts/app-error.ts';
import type { SessionState } from '../session.ts';
import { awaitAcks } from '../stream/all-acks.ts';
import type { BridgeHandlers, BridgeParts } from './bridge-parts.ts';
import { MARGIN_MS, opening, waited } from './waiting.ts';

/** Longest for restoring, below the endpoints' 30 s. */
const RESTORE_MS = 30_000 - MARGIN_MS;

export function journalHandlers({ store, world, inventories, journals }: BridgeParts) {
  /** Everything durable, or the answer that it cannot be had yet. */
  const restored = async <T>(signal: AbortSignal, code: string, what: string, restore: (deadline: AbortSignal) => Promise<T>) => {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(RESTORE_MS)]);
    try {
      return await restore(deadline);
    } catch (cause) {
      if (!deadline.aborted) throw cause;
      throw new AppError('unavailable', code, `${what} cannot be had from saves yet; ask again`, { cause, retryAfter: 1 });
    }
  };
  const requireRunning = () => {
    if (isPlayedOut(store.current())) throw new AppError('conflict', 'session_ended', 'the session is over: nothing is accepted any more');
  };
  return {
    world: async (_request, { signal }) => ({
      status: 200,
      body: await restored(signal, 'world_away', 'the world', (deadline) => world.restore(deadline)),
    }),
    appendWorld: async ({ body }, { signal }) => {
      requireRunning();
      return { status: 200, body: await world.append(body.entries, opening(signal)) };
    },
    worldAcks: async ({ query }, { signal }) => ({
      status: 200,
      body: await world.acks(query.after, waited(signal, query.wait), opening(signal)),
    }),
    putWorldSnapshot: async ({ body }, { signal }) => {
      await world.putSnapshot(body, opening(signal));
      return { status: 200, body: {} };
    },
    inventory: async ({ params: { player } }, { signal }) => ({
      status: 200,
      body: await restored(signal, 'inventory_away', `the inventory of ${player}`, (deadline) => inventories.load(player, deadline)),
    }),
    appendInventory: async ({ params: { player }, body }, { signal }) => {
      requireRunning();
      return { status: 200, body: await inventories.append(player, body.entries, opening(signal)) };
    },
    inventoryAcks: async ({ params: { player }, query }, { signal }) => ({
      status: 200,
      body: await inventories.acks(player, query.after, waited(signal, query.wait), opening(signal)),
    }),
    putInventorySnapshot: async ({ params: { player }, body }, { signal }) => {
      await inventories.putSnapshot(player, body, opening(signal));
      return { status: 200, body: {} };
    },
    acks: async ({ query }, { signal }) => ({
      status: 200,
      body: await awaitAcks({ store, journals, inventories }, query.from, waited(signal, query.wait)),
    }),
  } satisfies Partial<BridgeHandlers>;
}

/** Ended by the game server itself. A server that Agones takes away may still save what it has, for as long as it runs. */
function isPlayedOut({ phase, tell }: SessionState): boolean {
  return phase === 'ended' && tell !== 'fail';
}
