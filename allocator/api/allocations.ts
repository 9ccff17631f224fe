/** The matchmaker's side of the API. */
import { AppError } from '../../contracts/app-error.ts';
import type { Allocation } from '../../contracts/allocator.ts';
import type { allocatorApi } from '../../contracts/allocator-api.ts';
import { pause } from '../../runtime/deadline.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import type { Principal } from '../../runtime/token-check.ts';
import { isFinal, isSettled, type AllocationDocument } from '../allocation.ts';
import { fleetsOf } from '../clusters/census.ts';
import type { Watcher } from '../delivery/watcher.ts';
import { cancel } from '../moves/finish.ts';
import type { MoveParts } from '../moves/parts.ts';
import { request } from '../moves/request.ts';
import type { Turns } from '../queue/turns.ts';
import type { Aliases } from '../store/aliases.ts';
import type { Signer } from '../tickets/join-ticket.ts';
import { traceOf, viewOf } from './view.ts';

export interface AllocationsApiParts {
  readonly moves: MoveParts;
  readonly aliases: Aliases;
  readonly turns: Turns;
  readonly watcher: Watcher;
  readonly signer: Signer;
}

type All = Handlers<typeof allocatorApi.endpoints>;
type Mine = Pick<All, 'requestAllocation' | 'getAllocation' | 'traceAllocation' | 'cancelAllocation' | 'playerSession' | 'listClusters'>;

const MOST_WAIT_SECONDS = 30;
/** A move of another process is seen within a moment; this only bounds one look. */
const SESSION_LOOK_MS = 500;

export function allocationHandlers(parts: AllocationsApiParts): Mine {
  const { moves, aliases, turns, watcher, signer } = parts;

  const show = async (allocation: AllocationDocument, shownAs?: string): Promise<Allocation> => {
    const admissions =
      allocation.state === 'ready' ? await Promise.all(allocation.seats.map((seat) => signer.admission(allocation, seat))) : [];
    return viewOf(allocation, admissions, shownAs);
  };

  const look = async (id: string, caller: Principal): Promise<AllocationDocument> => {
    const client = seesAll(caller) ? undefined : caller.subject;
    const found = await moves.allocations.findById(id, client);
    if (found !== undefined) return found;
    const alias = client === undefined ? await aliases.findById(id) : await aliases.find(client, id);
    const target = alias === undefined ? undefined : await moves.allocations.find(alias.target);
    if (target === undefined) throw new AppError('not-found', 'allocation_unknown', `there is no allocation ${id}`);
    return target;
  };

  return {
    requestAllocation: async ({ body, headers }, { principal, signal, trace }) => {
      const client = callerOf(principal).subject;
      const waitSeconds = Math.min(MOST_WAIT_SECONDS, Number(headers.prefer?.slice('wait='.length) ?? 0));
      const { kind, allocation } = await request(moves, aliases, client, body, trace.traceparent);
      if (kind === 'made') turns.give(allocation._id);
      const held =
        waitSeconds === 0 ? allocation : ((await watcher.until(allocation._id, settled, waitSeconds * 1_000, signal)) ?? allocation);
      const status = kind === 'made' ? (isSettled(held.state) ? 201 : 202) : 200;
      return { status, body: await show(held, body.id) };
    },

    getAllocation: async ({ params, query }, { principal, signal }) => {
      const found = await look(params.id, callerOf(principal));
      const enough = query.from === undefined ? settled : (allocation: AllocationDocument) => allocation.state !== query.from;
      const held = query.wait === 0 ? found : ((await watcher.until(found._id, enough, query.wait * 1_000, signal)) ?? found);
      return { status: 200, body: await show(held, params.id) };
    },

    traceAllocation: async ({ params }, { principal }) => ({
      status: 200,
      body: traceOf(await look(params.id, callerOf(principal)), moves.now()),
    }),

    cancelAllocation: async ({ params }, { principal }) => {
      const caller = callerOf(principal);
      const found = await look(params.id, caller);
      const alias = found.id === params.id ? undefined : await aliases.findById(params.id);
      if (alias !== undefined) await aliases.leave(alias);
      else await cancel(moves, found, 'cancelled', 'cancelled by its client');
      const present = (await moves.allocations.find(found._id)) ?? found;
      return { status: alias !== undefined || isFinal(present.state) ? 200 : 202, body: await show(present, params.id) };
    },

    playerSession: async ({ params, query }, { principal, signal }) => {
      const caller = callerOf(principal);
      if (!caller.roles.some((role) => role !== 'player') && caller.subject !== params.id)
        throw new AppError('forbidden', 'player_differs', 'a player may only ask for their own session');
      const end = moves.now() + query.wait * 1_000;
      for (;;) {
        const found = await moves.allocations.findSessionOf(params.id);
        const seat = found?.seats.find((kept) => kept.id === params.id);
        const { server } = found ?? {};
        if (found !== undefined && seat !== undefined && server) {
          const { world } = found.request.session;
          const admission = await signer.admission(found, seat);
          return {
            status: 200,
            body: {
              playerId: params.id,
              allocationId: found.id,
              role: seat.role,
              address: server.address,
              admission,
              ...(world === undefined ? {} : { world }),
            },
          };
        }
        if (moves.now() >= end || signal.aborted) throw new AppError('not-found', 'no_session', `${params.id} has no live session`);
        // No one allocation to wait for: it may not exist yet.
        await pause(SESSION_LOOK_MS, signal);
      }
    },

    listClusters: async () => ({
      status: 200,
      body: {
        clusters: [...moves.clusters.values()].map((cluster) => ({
          name: cluster.config.name,
          region: cluster.config.region,
          healthy: cluster.healthy,
          fleets: fleetsOf(cluster.census),
        })),
      },
    }),
  };
}

function settled(allocation: AllocationDocument): boolean {
  return isSettled(allocation.state);
}

function seesAll(caller: Principal): boolean {
  return caller.roles.some((role) => role === 'operator' || role === 'backend');
}

function callerOf(principal: Principal | undefined): Principal {
  if (principal === undefined) throw new AppError('internal', 'principal_missing', 'this endpoint needs a caller');
  return principal;
}
