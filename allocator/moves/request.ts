/** ● → queued: an allocation is asked for, once per id. */
import { createHash, randomBytes } from 'node:crypto';
import { AppError } from '../../contracts/app-error.ts';
import type { AllocationRequest } from '../../contracts/allocator.ts';
import { canonicalRequest, newAllocation, type AllocationDocument } from '../allocation.ts';
import type { Aliases } from '../store/aliases.ts';
import type { MoveParts } from './parts.ts';

export type Requested =
  | { readonly kind: 'made'; readonly allocation: AllocationDocument }
  | { readonly kind: 'known'; readonly allocation: AllocationDocument }
  /** Its world is live already: this id joined that session. */
  | { readonly kind: 'alias'; readonly allocation: AllocationDocument };

const PACKET_KEY_BYTES = 32;
/** A live session that ends between two looks frees its world: the next try makes a new one. */
const TRIES = 5;

/** @throws AppError `conflict` when the id was used with other fields, or the live world has no free seats. */
export async function request(parts: MoveParts, aliases: Aliases, client: string, asked: AllocationRequest): Promise<Requested> {
  const fingerprint = createHash('sha256').update(canonicalRequest(asked)).digest('base64url');
  for (let tries = 0; tries < TRIES; tries += 1) {
    const alias = await aliases.find(client, asked.id);
    if (alias !== undefined) return known(alias.fingerprint, fingerprint, asked.id, await parts.allocations.find(alias.target), 'alias');
    const made = newAllocation({
      uid: randomBytes(16).toString('hex'),
      client,
      fingerprint,
      request: asked,
      now: new Date(parts.now()),
      newPacketKey,
    });
    if ((await parts.allocations.insert(made)) === 'inserted') {
      parts.metrics.entered('queued');
      return { kind: 'made', allocation: made };
    }
    const same = await parts.allocations.findById(asked.id, client);
    if (same !== undefined) return known(same.fingerprint, fingerprint, asked.id, same, 'known');
    const live = await parts.allocations.findLive(made.liveKey);
    if (live !== undefined) {
      const joined = await aliases.join({ client, id: asked.id, fingerprint, target: live, players: asked.players, newPacketKey });
      if (joined === 'full')
        throw new AppError('conflict', 'world_full', `the world ${asked.session.world} is live and has no room for these players`);
      if (joined !== 'over') return { kind: 'alias', allocation: joined };
    }
  }
  throw new AppError('unavailable', 'world_changing', 'the world keeps changing hands; ask again', { retryAfter: 1 });
}

function newPacketKey(): string {
  return randomBytes(PACKET_KEY_BYTES).toString('base64url');
}

function known(had: string, given: string, id: string, allocation: AllocationDocument | undefined, kind: 'known' | 'alias'): Requested {
  if (had !== given) throw new AppError('conflict', 'allocation_differs', `${id} was asked for before with other fields; use another id`);
  if (allocation === undefined) throw new AppError('internal', 'alias_dangling', `${id} stands for an allocation that is not there`);
  return { kind, allocation };
}
