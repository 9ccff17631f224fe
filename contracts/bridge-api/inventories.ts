/**
 * What players carry, kept between sessions: one journal a player, with the two acks of the world's.
 *
 *     admit (takes the player's lease) ──▶ inventory ──▶ append … ──▶ snapshot now and then
 *
 * An entry that touches the world and an inventory, such as a pickup, is appended to the world with `inventories`: both have it or
 * neither. A trade is an entry of one player's inventory with `inventories` of the other.
 */
import { z } from 'zod';
import { defineEndpoints } from '../endpoint.ts';
import { JournalEntry, Snapshot } from '../saves.ts';
import { PlayerId, Wait } from '../words.ts';
import { Acks, DONE, LOCAL, LONG } from './acks.ts';

const ByPlayer = z.object({ player: PlayerId });

export const InventoryAcks = Acks.extend({ playerId: PlayerId }).meta({ id: 'InventoryAcks' });
export type InventoryAcks = z.infer<typeof InventoryAcks>;

export const inventoryEndpoints = defineEndpoints({
  inventory: {
    ...LOCAL,
    method: 'GET',
    path: '/lifeverse/v1/inventories/{player}',
    summary: 'The durable inventory of an admitted player: snapshot and the journal after it',
    description: 'Waits for the lease of the player. `503 inventory_away` while saves does not answer: ask again.',
    params: ByPlayer,
    responses: {
      200: {
        description: 'What to load; the next entry is durableSeq + 1',
        body: z.object({ playerId: PlayerId, durableSeq: z.int(), snapshot: Snapshot.optional(), entries: z.array(JournalEntry) }),
      },
    },
    errors: ['conflict', 'not-found', 'unavailable'],
    limits: { ...LOCAL.limits, timeoutMs: 30_000 },
    idempotency: 'safe',
  },
  appendInventory: {
    ...LOCAL,
    method: 'POST',
    path: '/lifeverse/v1/inventories/{player}/entries',
    summary: 'Append to an inventory; answered once the entries are on this pod’s disk',
    params: ByPlayer,
    body: z.object({ entries: z.array(JournalEntry).min(1).max(1_000) }),
    responses: { 200: { description: 'Accepted', body: Acks } },
    errors: ['conflict', 'not-found', 'unavailable', 'too-large'],
    limits: { ...LOCAL.limits, bodyBytes: 4 * 1024 * 1024 },
  },
  inventoryAcks: {
    ...LOCAL,
    method: 'GET',
    path: '/lifeverse/v1/inventories/{player}/acks',
    summary: 'How far an inventory is accepted and durable; with `wait`, held until `durable` passes `after`',
    params: ByPlayer,
    query: z.object({ wait: Wait, after: z.coerce.number().int().min(0).default(0) }),
    responses: { 200: { description: 'Acks', body: Acks } },
    errors: ['conflict', 'not-found', 'unavailable'],
    limits: LONG,
    idempotency: 'safe',
  },
  putInventorySnapshot: {
    ...LOCAL,
    method: 'PUT',
    path: '/lifeverse/v1/inventories/{player}/snapshot',
    summary: 'Store a snapshot that contains all entries up to its seq (which must be durable)',
    params: ByPlayer,
    body: Snapshot,
    responses: DONE,
    errors: ['conflict', 'not-found', 'unavailable'],
    limits: { ...LOCAL.limits, bodyBytes: 12 * 1024 * 1024, timeoutMs: 30_000 },
  },
  acks: {
    ...LOCAL,
    method: 'GET',
    path: '/lifeverse/v1/acks',
    summary: 'How far every journal of the session is; with `wait`, held until it is another than `from`',
    description: 'One held call in place of one per player.',
    query: z.object({
      wait: Wait,
      from: z.string().max(64).optional().describe('The version that you know; by default the present one'),
    }),
    responses: {
      200: {
        description: 'Acks',
        body: z.object({ version: z.string(), world: Acks.optional(), inventories: z.array(InventoryAcks) }),
      },
    },
    errors: [],
    limits: LONG,
    idempotency: 'safe',
  },
});
