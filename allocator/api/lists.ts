/** Which allocations there are. */
import type { allocatorApi } from '../../contracts/allocator-api.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import type { Allocations } from '../store/allocations.ts';
import { listAllocations } from '../store/list-allocations.ts';
import { callerOf, seesAll } from './look-up.ts';
import { viewOf } from './view.ts';

type Mine = Pick<Handlers<typeof allocatorApi.endpoints>, 'listAllocations'>;

export function listHandlers(allocations: Pick<Allocations, 'documents'>): Mine {
  return {
    listAllocations: async ({ query }, { principal }) => {
      const caller = callerOf(principal);
      const { state, ...rest } = query;
      const client = seesAll(caller) ? undefined : caller.subject;
      const { allocations: page, next } = await listAllocations(allocations, { ...rest, states: state, client });
      return { status: 200, body: { allocations: page.map((one) => viewOf(one, [])), ...(next === undefined ? {} : { next }) } };
    },
  };
}
