/** Ids that joined the live session of their world: they stand for it, and for the seats that they brought. */
import type { Db } from 'mongodb';
import { z } from 'zod';
import type { SessionPlayer } from '../../contracts/allocator.ts';
import { documentsOf } from '../../runtime/documents/collection.ts';
import { isFinal, type AllocationDocument, type KeptSeat } from '../allocation.ts';
import type { Allocations } from './allocations.ts';

const AliasDocument = z.object({
  _id: z.string(),
  id: z.string(),
  client: z.string(),
  fingerprint: z.string(),
  /** uid of the live allocation. */
  target: z.string(),
  players: z.array(z.string()),
});
export type AliasDocument = z.infer<typeof AliasDocument>;

export interface Join {
  readonly client: string;
  readonly id: string;
  readonly fingerprint: string;
  readonly target: AllocationDocument;
  readonly players: readonly SessionPlayer[];
  readonly newPacketKey: () => string;
}

export interface Aliases {
  find(client: string, id: string): Promise<AliasDocument | undefined>;
  findById(id: string): Promise<AliasDocument | undefined>;
  /** Seats the players, all or none, and keeps the alias. `over`: the session has just ended. */
  join(join: Join): Promise<AllocationDocument | 'full' | 'over'>;
  /** Frees the alias's seats; the session goes on. */
  leave(alias: AliasDocument): Promise<void>;
}

export async function openAliases(db: Db, allocations: Allocations): Promise<Aliases> {
  const documents = documentsOf<AliasDocument>(db, 'aliases', AliasDocument);
  await documents.raw.createIndex({ id: 1 }, { name: 'id' });
  const keyOf = (client: string, id: string) => `${client}/${id}`;
  return {
    find: (client, id) => documents.find(keyOf(client, id)),
    findById: async (id) => (await documents.list({ id }, { limit: 1 }))[0],
    join: async ({ client, id, fingerprint, target, players, newPacketKey }) => {
      const seats = await seat(allocations, target, players, newPacketKey);
      if (typeof seats === 'string') return seats;
      await documents.insert({
        _id: keyOf(client, id),
        id,
        client,
        fingerprint,
        target: target._id,
        players: players.map((player) => player.id),
      });
      return (await allocations.find(target._id)) ?? 'over';
    },
    leave: async (alias) => {
      await allocations.documents.change({ _id: alias.target }, { $pull: { seats: { id: { $in: alias.players } } } });
    },
  };
}

const TRIES = 10;

/** Compare-and-set on the seats as they were read, so that two parties never take the last seat together. */
async function seat(
  allocations: Allocations,
  target: AllocationDocument,
  players: readonly SessionPlayer[],
  newPacketKey: () => string,
): Promise<'full' | 'over' | readonly KeptSeat[]> {
  let present: AllocationDocument | undefined = target;
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (present === undefined || isFinal(present.state) || present.state === 'cancelling') return 'over';
    const held = new Set(present.seats.map((kept) => kept.id));
    const added = players.filter((player) => !held.has(player.id)).map(({ id, role }) => ({ id, role, packetKey: newPacketKey() }));
    const seats = [...present.seats, ...added];
    const { capacity, spectators } = present.request.session;
    const count = (role: string) => seats.filter((kept) => kept.role === role).length;
    if (count('player') > capacity || count('spectator') > spectators) return 'full';
    const unchanged = {
      _id: present._id,
      state: present.state,
      seats: { $size: present.seats.length },
      'seats.id': { $nin: added.map((kept) => kept.id) },
    };
    if (added.length === 0 || (await allocations.documents.change(unchanged, { $set: { seats } }))) return seats;
    present = await allocations.find(target._id);
  }
  return 'full';
}
