/** What came of the run. Pure. */
import { isFinal, isSettled, type AllocationDocument } from '../../allocator/allocation.ts';
import { doubledOf, orphansOf, type AllocationFact, type Stay } from '../checking/game-server-history.ts';
import { lostOf } from '../checking/lost.ts';
import type { Killed } from './kill-at-random.ts';
import type { Progress } from './request-allocations.ts';

/** `.local/chaos/chaos.json`. */
export interface Verdict {
  readonly asked: Readonly<Record<string, number>>;
  readonly wasReady: Readonly<Record<string, number>>;
  readonly ended: Readonly<Record<string, number>>;
  readonly killed: Killed;
  readonly lost: number;
  readonly doubled: number;
  readonly orphans: number;
  readonly troubles: readonly string[];
}

export interface Evidence {
  readonly progress: Progress;
  readonly killed: Killed;
  readonly documents: readonly AllocationDocument[];
  readonly stays: readonly Stay[];
  readonly troubles: readonly string[];
  readonly now: number;
}

export function verdictOf({ progress, killed, documents, stays, troubles, now }: Evidence): Verdict {
  const kept = new Map(documents.map(({ id, state }) => [id, { id, isSettled: isSettled(state) }]));
  const facts = new Map(documents.map((document) => [document._id, factOf(document)]));
  return {
    asked: progress.asked,
    wasReady: progress.wasReady,
    ended: progress.ended,
    killed,
    lost: lostOf(progress.promised, kept, now).length,
    doubled: doubledOf(stays, now),
    orphans: orphansOf(stays, facts, now, true).length,
    troubles,
  };
}

/** Why the run is a failure; empty where all is right. @param leastReady fleet → so many must have become ready */
export function faultsOf(verdict: Verdict, leastReady: Readonly<Record<string, number>>): string[] {
  const { lost, doubled, orphans, wasReady, killed, troubles } = verdict;
  return [
    ...(lost > 0 ? [`${lost} allocations were lost`] : []),
    ...(doubled > 0 ? [`${doubled} allocations were doubled`] : []),
    ...(orphans > 0 ? [`${orphans} game servers were orphaned`] : []),
    ...Object.entries(leastReady).flatMap(([fleet, least]) =>
      (wasReady[fleet] ?? 0) < least ? [`${wasReady[fleet] ?? 0} sessions of ${fleet} became ready, not ${least}`] : [],
    ),
    ...(Object.keys(killed).length === 0 ? ['nothing was killed'] : []),
    ...troubles,
  ];
}

function factOf(document: AllocationDocument): AllocationFact {
  const { _id, attempt, state, endedAt, tries, intent, createdAt } = document;
  const began = tries.find((one) => one.attempt === attempt)?.startedAt ?? intent?.startedAt ?? createdAt;
  return {
    uid: _id,
    attempt,
    attemptSince: new Date(began).getTime(),
    ...(isFinal(state) && endedAt !== null ? { overAt: endedAt.getTime() } : {}),
  };
}

export function tableOf(verdict: Verdict): string[] {
  const counts = (of: Readonly<Record<string, number>>) =>
    Object.entries(of)
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([name, count]) => `${count} ${name}`)
      .join(', ') || 'none';
  const rows: readonly (readonly [string, string])[] = [
    ['asked for', counts(verdict.asked)],
    ['became ready', counts(verdict.wasReady)],
    ['came to be', counts(verdict.ended)],
    ['killed', counts(verdict.killed)],
    ['lost', String(verdict.lost)],
    ['doubled', String(verdict.doubled)],
    ['orphans', String(verdict.orphans)],
  ];
  return rows.map(([name, value]) => `  ${name.padEnd(13)} ${value}`);
}
