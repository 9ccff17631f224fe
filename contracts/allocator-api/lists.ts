/** Which allocations there are. */
import { z } from 'zod';
import { Allocation, AllocationState } from '../allocator.ts';
import { defineEndpoints, ORDINARY } from '../endpoint.ts';
import { KubeName, PlayerId, several, WorldId } from '../words.ts';
import { CLIENTS } from './callers.ts';

/** As one allocation is shown, but without the players' ways in. */
export const ListedAllocation = Allocation.omit({ admissions: true }).meta({ id: 'ListedAllocation' });
export type ListedAllocation = z.infer<typeof ListedAllocation>;

export const listEndpoints = defineEndpoints({
  listAllocations: {
    method: 'GET',
    path: '/v1/allocations',
    summary: 'Allocations, newest first',
    description: 'All that is given must hold. A matchmaker sees its own. Join tickets are with the single allocation only.',
    access: CLIENTS,
    query: z.object({
      state: several(AllocationState.options).optional().describe('In one of these states, with commas between'),
      fleet: KubeName.optional(),
      cluster: KubeName.optional().describe('Whose game server is bound there'),
      player: PlayerId.optional().describe('In which this player has a seat'),
      world: WorldId.optional(),
      cursor: z.string().max(200).optional().describe('The `next` of the page before'),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
    responses: {
      200: {
        description: 'One page',
        body: z.object({
          allocations: z.array(ListedAllocation),
          next: z.string().optional().describe('Send it as `cursor` for the page that follows; absent on the last one'),
        }),
      },
    },
    errors: [],
    limits: ORDINARY,
    idempotency: 'safe',
  },
});
