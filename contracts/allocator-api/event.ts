/** One thing that happened to an allocation, as the event log, the streams and the webhooks tell it. */
import { z } from 'zod';
import { AllocationState } from '../allocator.ts';
import { Build, ClientId, Instant, KubeName, Uid, WorldId } from '../words.ts';

/** The state that an allocation entered, or what happened within a state. */
export const EventKind = z
  .enum([...AllocationState.options, 'claimed', 'seats', 'resumed', 'notice'])
  .meta({ id: 'EventKind', description: 'A state that was entered, or what happened within one' });
export type EventKind = z.infer<typeof EventKind>;

export const AllocationEvent = z
  .object({
    seq: z.int().min(1).describe('Place in the event log: later is larger, without gaps'),
    id: z.string().describe('Unique; a reader who is told twice knows it by this'),
    kind: EventKind,
    at: Instant,
    allocation: z.object({
      id: ClientId,
      uid: Uid,
      client: z.string(),
      state: AllocationState,
      fleet: KubeName.optional(),
      build: Build,
      mode: z.string(),
      world: WorldId.optional(),
    }),
    data: z.record(z.string(), z.unknown()).describe('What belongs to this kind: cluster, game server, reason, players …'),
    traceparent: z.string().optional(),
  })
  .meta({ id: 'AllocationEvent' });
export type AllocationEvent = z.infer<typeof AllocationEvent>;
