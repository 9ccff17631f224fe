/**
 * lost → the next allocation of its world, when its client wished so.
 *
 * The lost document itself says that this is due, and its uid gives the next one its own: so the next one is made once,
 * whoever makes it, and whoever is killed or paused meanwhile.
 */
import { createHash } from 'node:crypto';
import type { AllocationRequest } from '../../contracts/allocator.ts';
import { canonicalRequest, isFinal, newAllocation, type AllocationDocument } from '../allocation.ts';
import { telling } from '../store/allocations.ts';
import type { MoveParts } from './parts.ts';
import { newPacketKey } from '../tickets/packet-key.ts';

/** So many in a row are made without one that was ready for long: a world that kills its servers must not eat a fleet. */
const MOST_IN_ROW = 5;
const READY_FOR_MS = 60_000;
/** Racing sessions of one world take turns: each round one of them gets through. */
const TRIES = 20;

/** True when nothing of it is left to do. */
export async function resume(parts: MoveParts, lost: AllocationDocument): Promise<boolean> {
  const { world } = lost.request.session;
  if (lost.state !== 'lost' || !lost.resumes || world === undefined) return true;
  const inRow = wasReadyFor(lost) >= READY_FOR_MS ? 1 : (lost.resumed?.inRow ?? 0) + 1;
  if (inRow > MOST_IN_ROW) return giveUp(parts, lost);
  const uid = nextUid(lost._id);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const newest = await parts.allocations.findNewestOf(world);
    const made = newest?._id === uid ? newest : await parts.allocations.find(uid);
    if (made !== undefined) return tell(parts, lost, made);
    // Somebody asked for the world meanwhile: it goes on there.
    if (newest !== undefined && !isFinal(newest.state)) return tell(parts, lost, newest);
    const next = await nextOf(parts, lost, uid, (newest?.worldSession ?? 0) + 1, inRow);
    if ((await parts.allocations.insert(next)) === 'taken') continue;
    parts.metrics.entered('queued');
    parts.metrics.resumed('made');
    return tell(parts, lost, next);
  }
  return false;
}

async function nextOf(parts: MoveParts, lost: AllocationDocument, uid: string, worldSession: number, inRow: number) {
  const first = lost.resumed?.first ?? lost.id;
  const { id, number } = await freeId(parts, lost, first, uid);
  const latencies = new Map(lost.request.players.map((player) => [player.id, player.latencies]));
  const players = lost.seats.map((seat) => ({ id: seat.id, role: seat.role, latencies: latencies.get(seat.id) ?? {} }));
  const asked: AllocationRequest = { ...lost.request, id, players: players.slice(0, MOST_PLAYERS) };
  const now = new Date(parts.now());
  const next = newAllocation({
    uid,
    client: lost.client,
    fingerprint: createHash('sha256').update(canonicalRequest(asked)).digest('base64url'),
    request: asked,
    now,
    worldSession,
    traceparent: lost.traceparent,
    newPacketKey,
  });
  const told = telling({ kind: 'queued', at: now, data: { state: 'queued', resumedFrom: lost.id } });
  return { ...next, outbox: [told.$push.outbox], resumed: { first, from: lost.id, number, inRow } };
}

/** The next number; a number whose id its client used for something else is left out. */
async function freeId(parts: MoveParts, lost: AllocationDocument, first: string, uid: string): Promise<{ id: string; number: number }> {
  for (let number = (lost.resumed?.number ?? 0) + 1; ; number += 1) {
    const id = nextId(first, number);
    const holder = await parts.allocations.findById(id, lost.client);
    if (holder === undefined || holder._id === uid) return { id, number };
  }
}

async function tell(parts: MoveParts, lost: AllocationDocument, next: AllocationDocument): Promise<boolean> {
  const told = telling({ kind: 'resumed', at: new Date(parts.now()), data: { state: 'lost', resumedAs: next.id, resumedAsUid: next._id } });
  const written = await parts.allocations.documents.change(
    { _id: lost._id, state: 'lost', resumes: true },
    { ...told, $set: { ...told.$set, resumes: false, resumedAs: next.id } },
  );
  if (written) {
    parts.log.info('a world goes on after its server was lost', { allocationId: lost.id, resumedAs: next.id });
    parts.changed(lost._id);
    parts.turn(next._id);
  }
  return true;
}

async function giveUp(parts: MoveParts, lost: AllocationDocument): Promise<boolean> {
  const reason = `${lost.reason ?? ''}; not resumed: ${MOST_IN_ROW} sessions in a row did not last a minute`;
  const written = await parts.allocations.amend(
    { uid: lost._id, state: 'lost', attempt: lost.attempt },
    { $set: { resumes: false, reason } },
  );
  if (!written) return true;
  parts.metrics.resumed('given-up');
  parts.log.warn('a world is not resumed any more: its sessions do not last', { allocationId: lost.id });
  return true;
}

function wasReadyFor({ readyAt, endedAt }: AllocationDocument): number {
  return readyAt === null || endedAt === null ? 0 : endedAt.getTime() - readyAt.getTime();
}

/** As many as a request may name. */
const MOST_PLAYERS = 1_000;
const ID_LENGTH = 128;

function nextUid(uid: string): string {
  return createHash('sha256').update(`resume of ${uid}`).digest('hex').slice(0, 32);
}

/** Long ids are cut, and made distinct again by a digest. */
export function nextId(first: string, number: number): string {
  const mark = `.resume-${number}`;
  if (first.length + mark.length <= ID_LENGTH) return first + mark;
  const digest = createHash('sha256').update(first).digest('hex').slice(0, 12);
  return `${first.slice(0, ID_LENGTH - mark.length - digest.length - 1)}.${digest}${mark}`;
}
