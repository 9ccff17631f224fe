/** The matchmaker's side of the API. */
import type { AllocationState } from '../../contracts/allocator.ts';
import type { allocatorApi } from '../../contracts/allocator-api.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import { isFinal, isSettled, keyOfId, type AllocationDocument } from '../allocation.ts';
import type { Watcher } from '../delivery/watcher.ts';
import { cancel } from '../moves/finish.ts';
import { leaveSession } from '../moves/leave-session.ts';
import { request, type RequestParts } from '../moves/request.ts';
import type { Turns } from '../queue/turns.ts';
import { isKnownTo, tagOf } from './entity-tag.ts';
import { callerOf, type LookUp, type Show } from './look-up.ts';
import { traceOf } from './view.ts';

export interface AllocationsApiParts {
  readonly moves: RequestParts;
  readonly turns: Turns;
  readonly watcher: Watcher;
  readonly lookUp: LookUp;
  readonly show: Show;
}

type All = Handlers<typeof allocatorApi.endpoints>;
type Mine = Pick<All, 'requestAllocation' | 'getAllocation' | 'traceAllocation' | 'cancelAllocation'>;

const MOST_WAIT_SECONDS = 30;

export function allocationHandlers(parts: AllocationsApiParts): Mine {
  const { moves, turns, watcher, lookUp, show } = parts;

  return {
    requestAllocation: async ({ body, headers }, { principal, signal, trace }) => {
      const client = callerOf(principal).subject;
      const waitSeconds = Math.min(MOST_WAIT_SECONDS, Number(headers.prefer?.slice('wait='.length) ?? 0));
      const { kind, allocation, ...joined } = await request(moves, client, body, trace.traceparent);
      if (kind === 'made') turns.give(allocation._id);
      const held =
        waitSeconds === 0 ? allocation : ((await watcher.until(allocation._id, settled, waitSeconds * 1_000, signal)) ?? allocation);
      const status = kind === 'made' ? (isSettled(held.state) ? 201 : 202) : 200;
      const shown = await show({ id: body.id, key: keyOfId(client, body.id), allocation: held, ...joined });
      return { status, body: shown, headers: { etag: tagOf(held) } };
    },

    getAllocation: async ({ params, query, headers }, { principal, signal }) => {
      const moment = watcher.moment();
      const found = await lookUp(params.id, callerOf(principal));
      const known = { allocation: found.allocation, moment };
      const isNews = newsTo(headers['if-none-match']);
      const enough = isNews ?? holding(query);
      const held = query.wait === 0 ? undefined : await watcher.until(found.allocation._id, enough, query.wait * 1_000, signal, known);
      const allocation = held ?? found.allocation;
      const tagged = { headers: { etag: tagOf(allocation) } };
      if (isNews?.(allocation) === false) return { status: 304, body: undefined, ...tagged };
      return { status: 200, body: await show({ ...found, allocation }), ...tagged };
    },

    traceAllocation: async ({ params }, { principal }) => ({
      status: 200,
      body: traceOf((await lookUp(params.id, callerOf(principal))).allocation, moves.now()),
    }),

    cancelAllocation: async ({ params }, { principal }) => {
      const { alias, allocation: found } = await lookUp(params.id, callerOf(principal));
      if (alias !== undefined) await leaveSession(moves, alias);
      else await cancel(moves, found, 'cancelled', 'cancelled by its client');
      const after = await lookUp(params.id, callerOf(principal));
      const status = alias !== undefined || isFinal(after.allocation.state) ? 200 : 202;
      return { status, body: await show(after), headers: { etag: tagOf(after.allocation) } };
    },
  };
}

type Condition = (allocation: AllocationDocument) => boolean;

function newsTo(ifNoneMatch: string | undefined): Condition | undefined {
  return ifNoneMatch === undefined ? undefined : (allocation) => !isKnownTo(ifNoneMatch, allocation);
}

function holding({ from, until }: { from?: AllocationState | undefined; until?: 'allocated' | 'ready' | undefined }): Condition {
  if (from !== undefined) return ({ state }) => state !== from;
  return until === 'allocated' ? ({ state }) => state !== 'queued' && state !== 'placing' : settled;
}

function settled(allocation: AllocationDocument): boolean {
  return isSettled(allocation.state);
}
