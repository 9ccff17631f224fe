/** ● → queued: an allocation is asked for, once per id. */
import { createHash, randomBytes } from 'node:crypto';
import { AppError } from '../../contracts/app-error.ts';
import type { AllocationRequest } from '../../contracts/allocator.ts';
import { canonicalRequest, isFinal, newAllocation, type AllocationDocument } from '../allocation.ts';
import type { Aliases } from '../store/aliases.ts';
import type { MoveParts } from './parts.ts';

export type Requested =
  | { readonly kind: 'made'; readonly allocation: AllocationDocument }
  | { readonly kind: 'known'; readonly allocation: AllocationDocument }
  /** Its world is live already: this id joined that session. */
  | { readonly kind: 'alias'; readonly allocation: AllocationDocument };

const PACKET_KEY_BYTES = 32;
/** Racing ids of one world take turns: each round one of them gets through. */
const TRIES = 20;

/** @throws AppError `conflict` when the id was used with other fields, or the live world has no free seats. */
export async function request(
  parts: MoveParts,
  aliases: Aliases,
  client: string,
  asked: AllocationRequest,
  traceparent: string,
): Promise<Requested> {
  const fingerprint = createHash('sha256').update(canonicalRequest(asked)).digest('base64url');
  const { world } = asked.session;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const before = await earlier(parts, aliases, client, asked.id, fingerprint);
    if (before !== undefined) return before;
    const newest = world === undefined ? undefined : await parts.allocations.findNewestOf(world);
    if (newest !== undefined && !isFinal(newest.state)) {
      const joined = await aliases.join({ client, id: asked.id, fingerprint, target: newest, players: asked.players, newPacketKey });
      if (joined === 'full') throw new AppError('conflict', 'world_full', `the world ${world} is live and has no room for these players`);
      if (joined !== 'over') return { kind: 'alias', allocation: joined };
      continue;
    }
    const made = newAllocation({
      uid: randomBytes(16).toString('hex'),
      client,
      fingerprint,
      request: asked,
      now: new Date(parts.now()),
      worldSession: world === undefined ? 0 : (newest?.worldSession ?? 0) + 1,
      traceparent,
      newPacketKey,
    });
    // Taken: the same id came in between, or another id took the world's next session.
    if ((await parts.allocations.insert(made)) === 'taken') continue;
    parts.metrics.entered('queued');
    return { kind: 'made', allocation: made };
  }
  throw new AppError('unavailable', 'world_changing', 'the world keeps changing hands; ask again', { retryAfter: 1 });
}

function newPacketKey(): string {
  return randomBytes(PACKET_KEY_BYTES).toString('base64url');
}

/** What this id stands for already, if anything. @throws AppError `conflict` when it was asked for with other fields. */
async function earlier(
  parts: MoveParts,
  aliases: Aliases,
  client: string,
  id: string,
  fingerprint: string,
): Promise<Requested | undefined> {
  const same = await parts.allocations.findById(id, client);
  const alias = same === undefined ? await aliases.find(client, id) : undefined;
  const had = same?.fingerprint ?? alias?.fingerprint;
  if (had === undefined) return undefined;
  if (had !== fingerprint)
    throw new AppError('conflict', 'allocation_differs', `${id} was asked for before with other fields; use another id`);
  const allocation = same ?? (await parts.allocations.find(alias?.target ?? ''));
  if (allocation === undefined) throw new AppError('internal', 'alias_dangling', `${id} stands for an allocation that is not there`);
  return { kind: alias === undefined ? 'known' : 'alias', allocation };
}
