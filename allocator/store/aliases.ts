/**
 * Ids that joined the live session of their world: each stands for it, and for the seats that it brought.
 *
 * What an alias holds is written on the seats themselves (`KeptSeat.by`). The document here keeps the id to its fields and its session:
 *
 *     joining ──(its party has seats)──▶ joined ──(DELETE)──▶ left
 *
 * It is stored before the seats are asked for, so whoever dies in between leaves an id that a repeat goes on with: the seats either
 * name the alias already, or not. A refused one stays `joining` and holds nothing.
 */
import type { Db } from 'mongodb';
import { z } from 'zod';
import { documentsOf, ensureIndexes } from '../../runtime/documents/collection.ts';

const AliasDocument = z.object({
  /** See `keyOfId`. */
  _id: z.string(),
  id: z.string(),
  client: z.string(),
  fingerprint: z.string(),
  /** uid of the live allocation. */
  target: z.string(),
  state: z.enum(['joining', 'joined', 'left']),
});
export type AliasDocument = z.infer<typeof AliasDocument>;

export interface Aliases {
  find(key: string): Promise<AliasDocument | undefined>;
  /** Whoever's it is. */
  findById(id: string): Promise<AliasDocument | undefined>;
  /** False when there is one with this key. */
  insert(alias: AliasDocument): Promise<boolean>;
  /** The next three are false when the alias has changed since it was read. */
  aim(alias: AliasDocument, target: string): Promise<boolean>;
  enter(alias: AliasDocument, state: 'joined' | 'left'): Promise<boolean>;
  remove(alias: AliasDocument): Promise<boolean>;
}

export async function openAliases(db: Db): Promise<Aliases> {
  const documents = documentsOf<AliasDocument>(db, 'aliases', AliasDocument);
  await ensureIndexes(documents, [{ key: { id: 1 }, name: 'id' }]);
  const asRead = ({ _id, target, state }: AliasDocument) => ({ _id, target, state });
  return {
    find: (key) => documents.find(key),
    findById: async (id) => (await documents.list({ id }, { limit: 1 }))[0],
    insert: async (alias) => (await documents.insert(alias)).inserted,
    aim: (alias, target) => documents.change(asRead(alias), { $set: { target } }),
    enter: (alias, state) => documents.change(asRead(alias), { $set: { state } }),
    remove: async (alias) => (await documents.remove(asRead(alias))) === 1,
  };
}
