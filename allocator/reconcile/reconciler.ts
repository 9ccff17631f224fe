/**
 * Holds the clusters against the store: servers whose attempt is over go, those that the store has forgotten are adopted,
 * sessions whose server is gone are told. One process does it at a time; watches tell every process at once.
 */
import type { ReconcileRound } from '../../contracts/allocator-api/reconcile.ts';
import { pause } from '../../runtime/deadline.ts';
import { translated } from '../../runtime/documents/collection.ts';
import { AllocationDocument } from '../allocation.ts';
import type { AgonesCluster } from '../clusters/agones-cluster.ts';
import { isAlive, type GameServer } from '../clusters/game-server.ts';
import type { MoveParts } from '../moves/parts.ts';
import { adopt } from './adopt.ts';
import type { Brake } from './brake.ts';
import { checkLoss } from './check-loss.ts';
import type { ReconcileMetrics } from './reconcile-metrics.ts';
import type { Rounds } from './rounds.ts';
import { verdictOn, type Verdict } from './verdict.ts';

export interface ReconcileParts {
  readonly moves: MoveParts;
  readonly brake: Brake;
  readonly rounds: Rounds;
  readonly metrics: ReconcileMetrics;
  /** How long a server must have been ahead of the store before it is adopted. */
  readonly adoptAfterMs: number;
}

/** Watches tell at once; this round finds what they could not, e.g. what happened while no process was there. */
const ROUND_MS = 5_000;
const LEAVE_MS = 30_000;
/** Game servers that one round works on at a time, and allocations that it reads at a time. */
const AT_ONCE = 8;
const READ_AT_ONCE = 1_000;
const MOST_SHOWN = 100;

interface Finding {
  readonly cluster: AgonesCluster;
  readonly server: GameServer;
  readonly verdict: Verdict;
  /** What the store says of it. */
  readonly state: string;
}

/** For whoever holds the lease: runs until the signal. */
export async function reconcile(parts: ReconcileParts, signal: AbortSignal): Promise<void> {
  const { log } = parts.moves;
  const ahead = new Map<string, number>();
  try {
    while (!signal.aborted) {
      await round(parts, ahead, signal).catch((cause: unknown) => log.warn('a round of reconciling failed', { cause }));
      await pause(ROUND_MS, signal);
    }
  } finally {
    parts.metrics.stopped();
  }
}

/** @param ahead since when a server, by its uid, was seen to know more than the store */
async function round(parts: ReconcileParts, ahead: Map<string, number>, signal: AbortSignal): Promise<void> {
  const { moves } = parts;
  const started = moves.now();
  const clusters = [...moves.clusters.values()];
  const findings: Finding[] = [];
  for (const cluster of clusters.filter((one) => one.healthy)) {
    if (signal.aborted) return;
    findings.push(...(await judge(parts, cluster)));
    await checkLosses(moves, cluster, signal);
  }
  const of = (verdict: Verdict) => findings.filter((finding) => finding.verdict === verdict);
  await each(of('release'), signal, (finding) => release(parts, finding, 'superseded'));
  const superseded = await adoptAll(parts, of('adopt'), ahead, signal);
  const held = await releaseByBrake(parts, [...of('release-by-brake'), ...superseded], signal);
  const took = moves.now() - started;
  parts.metrics.round(took / 1_000);
  if (!signal.aborted) await parts.rounds.keep(roundOf(parts, clusters, findings, held, took));
}

async function judge(parts: ReconcileParts, cluster: AgonesCluster): Promise<Finding[]> {
  const { moves } = parts;
  // The servers are looked at first: what is stored of an attempt was stored before its server could carry it.
  const ours = [...cluster.census.values()].filter((server) => server.owner === moves.owner && isAlive(server));
  const stored = await storedOf(
    moves,
    ours.flatMap((server) => server.allocationUid ?? []),
  );
  const findings = ours.map((server): Finding => {
    const allocation = stored.get(server.allocationUid ?? '');
    return { cluster, server, verdict: verdictOn(server, allocation, moves.now(), LEAVE_MS), state: allocation?.state ?? 'unknown' };
  });
  parts.metrics.judged(cluster.config.name, countsOf(findings));
  return findings;
}

const Stored = AllocationDocument.pick({
  _id: true,
  state: true,
  attempt: true,
  endedAt: true,
  readyAt: true,
  nextActionAt: true,
  server: true,
});
const STORED_FIELDS = { state: 1, attempt: 1, endedAt: 1, readyAt: 1, nextActionAt: 1, server: 1 } as const;

async function storedOf(moves: MoveParts, uids: readonly string[]) {
  const stored = new Map<string, ReturnType<typeof Stored.parse>>();
  for (let from = 0; from < uids.length; from += READ_AT_ONCE) {
    const some = uids.slice(from, from + READ_AT_ONCE);
    const rows = await translated(() =>
      moves.allocations.documents.raw.find({ _id: { $in: some } }, { projection: STORED_FIELDS }).toArray(),
    );
    for (const row of rows) stored.set(row._id, Stored.parse(row));
  }
  return stored;
}

async function checkLosses(moves: MoveParts, cluster: AgonesCluster, signal: AbortSignal): Promise<void> {
  const bound = await translated(() =>
    moves.allocations.documents.raw
      .find({ 'server.cluster': cluster.config.name, state: { $in: ['allocated', 'ready'] } }, { projection: { 'server.gameServer': 1 } })
      .toArray(),
  );
  const missing = bound.filter(({ server }) => {
    const seen = cluster.census.get(server?.gameServer ?? '');
    return seen === undefined || !isAlive(seen);
  });
  await each(missing, signal, ({ _id }) => checkLoss(moves, cluster, _id));
}

async function release({ moves }: ReconcileParts, { cluster, server, state }: Finding, why: string): Promise<void> {
  const outcome = await cluster.release(server, moves.owner);
  if (outcome !== 'released') return;
  moves.metrics.released(cluster.config.name, why);
  moves.log.info('released a game server', {
    cluster: cluster.config.name,
    gameServer: server.name,
    allocationUid: server.allocationUid,
    attempt: server.attempt,
    state,
    why,
  });
}

/** Returns those that cannot be adopted, because their world is played elsewhere. */
async function adoptAll(
  parts: ReconcileParts,
  findings: readonly Finding[],
  ahead: Map<string, number>,
  signal: AbortSignal,
): Promise<Finding[]> {
  const { moves, metrics } = parts;
  const now = moves.now();
  const present = new Set(findings.map(({ server }) => server.uid));
  for (const uid of ahead.keys()) if (!present.has(uid)) ahead.delete(uid);
  for (const uid of present) if (!ahead.has(uid)) ahead.set(uid, now);
  const due = findings.filter(({ server }) => now - (ahead.get(server.uid) ?? now) >= parts.adoptAfterMs);
  const superseded: Finding[] = [];
  await each(due, signal, async (finding) => {
    const { cluster, server } = finding;
    const outcome = await adopt(moves, cluster, server);
    metrics.adopted(cluster.config.name, outcome);
    if (outcome === 'superseded') superseded.push(finding);
    const about = { cluster: cluster.config.name, gameServer: server.name, allocationUid: server.allocationUid, attempt: server.attempt };
    if (outcome === 'adopted' || outcome === 'caught-up')
      moves.log.warn('adopted a game server that the store had forgotten', { ...about, outcome });
    if (outcome === 'superseded') moves.log.warn('a game server that the store had forgotten has lost its world to another', about);
  });
  return superseded;
}

/** Returns those that have to wait. */
async function releaseByBrake(parts: ReconcileParts, findings: readonly Finding[], signal: AbortSignal): Promise<readonly Finding[]> {
  const { moves, brake, metrics } = parts;
  const outcome = await brake.pass(findings.length, allocatedIn(moves));
  if (outcome === 'pass') {
    await each(findings, signal, (finding) => release(parts, finding, 'contradicted'));
    return [];
  }
  metrics.heldBack(findings.length);
  if (outcome === 'pulled')
    moves.log.error('the brake is pulled: too many game servers would be released that the store does not vouch for', {
      gameServers: findings.length,
      allocated: allocatedIn(moves),
    });
  return findings;
}

/** In all clusters, as far as they were ever seen. */
export function allocatedIn({ clusters, owner }: Pick<MoveParts, 'clusters' | 'owner'>): number {
  let count = 0;
  for (const cluster of clusters.values())
    for (const server of cluster.census.values()) if (server.owner === owner && server.state === 'Allocated') count += 1;
  return count;
}

/** A few at a time; one that fails is left to the next round. */
async function each<T>(items: readonly T[], signal: AbortSignal, work: (item: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  for (let from = 0; from < items.length && !signal.aborted; from += AT_ONCE) {
    const done = await Promise.allSettled(items.slice(from, from + AT_ONCE).map(work));
    failures.push(...done.flatMap((one) => (one.status === 'rejected' ? [one.reason] : [])));
  }
  if (failures.length > 0) throw new AggregateError(failures.slice(0, AT_ONCE), `${failures.length} game servers could not be seen to`);
}

function countsOf(findings: readonly Finding[]): Map<Verdict, number> {
  const counts = new Map<Verdict, number>();
  for (const { verdict } of findings) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  return counts;
}

function roundOf(
  { moves }: ReconcileParts,
  clusters: readonly AgonesCluster[],
  findings: readonly Finding[],
  held: readonly Finding[],
  milliseconds: number,
): ReconcileRound {
  return {
    at: new Date(moves.now()).toISOString(),
    worker: moves.worker,
    milliseconds,
    clusters: clusters.map((cluster) => ({
      name: cluster.config.name,
      skipped: !cluster.healthy,
      verdicts: Object.fromEntries(countsOf(findings.filter((finding) => finding.cluster === cluster))),
    })),
    held: held.slice(0, MOST_SHOWN).map(({ cluster, server, state }) => ({
      cluster: cluster.config.name,
      gameServer: server.name,
      uid: server.allocationUid ?? '',
      attempt: server.attempt ?? 0,
      state,
    })),
  };
}
