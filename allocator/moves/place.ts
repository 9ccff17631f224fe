/** queued → placing → allocated: choose a cluster, write the intent, ask. */
import type { Decision } from '../../contracts/allocator.ts';
import type { AllocationDocument } from '../allocation.ts';
import type { AgonesCluster } from '../clusters/agones-cluster.ts';
import type { AskOutcome } from '../clusters/game-server-allocation.ts';
import { essentialsOf } from '../clusters/session-essentials.ts';
import { newRoutingToken } from '../clusters/udp-edge.ts';
import type { Choice } from '../placement/board.ts';
import { poolOf } from '../placement/pool.ts';
import { KEPT_DECISIONS } from '../store/allocations.ts';
import { bind, tryOf } from './bind.ts';
import { choose, type Chosen } from './choose.ts';
import { failClosed } from './fail-closed.ts';
import { fenceWorld } from './fence-world.ts';
import { finish } from './finish.ts';
import type { MoveParts } from './parts.ts';
import { lookMs, settleDoubt } from './settle-doubt.ts';

/** Waiting allocations are woken, and the lines are looked at as a whole; that each looks for itself only writes its trace. Milliseconds. */
const RECHECK_MS = 30_000;
/** The lease outlives the ask by this much; a worker that wakes later than that does not ask any more. */
const LEASE_MARGIN_MS = 4_000;
/** Others took every server first, more than once: they are not asked to race again at once. */
const AFTER_CONTENTION_MS = 200;
/** Saves is away: the world cannot be fenced, so nobody may be asked. */
const LEASE_RETRY_MS = 1_000;

export async function place(parts: MoveParts, queued: AllocationDocument, mayLookAgain = true): Promise<void> {
  if (parts.now() >= queued.deadlineAt.getTime()) return finish(parts, queued, 'expired', 'no server was joinable before the deadline');
  let found = await choose(parts, queued);
  if (found.kind === 'wait') {
    const closed = await parts.builds.closedNow(queued.request);
    if (closed !== undefined) return failClosed(parts, queued, closed, found);
    const waits = await wait(parts, queued, found);
    if (!waits || !mayLookAgain) return;
    // A server may have become Ready between the choice and the write: nobody would wake us for it.
    found = await choose(parts, queued);
  }
  if (found.kind === 'give-up') return finish(parts, queued, 'failed', 'no cluster within the latency policy');
  if (found.kind === 'wait') return;
  try {
    const placing = await writeIntent(parts, queued, found.on, found.decision);
    if (placing !== undefined) await ask(parts, placing, found);
  } finally {
    found.done();
  }
}

async function wait(parts: MoveParts, queued: AllocationDocument, choice: Extract<Choice, { kind: 'wait' }>): Promise<boolean> {
  const now = parts.now();
  const next = Math.min(now + RECHECK_MS, queued.deadlineAt.getTime(), now + (choice.retryInMs ?? RECHECK_MS));
  const decision: Decision = { at: new Date(now).toISOString(), ...choice.decision };
  const rejected = Object.entries(choice.rejections).map(([why, clusters]) => [`rejections.${why}`, clusters]);
  return parts.allocations.amend(
    { uid: queued._id, state: 'queued', attempt: queued.attempt },
    {
      $set: { nextActionAt: new Date(next) },
      $push: { decisions: { $each: [decision], $slice: -KEPT_DECISIONS } },
      ...(rejected.length === 0 ? {} : { $inc: Object.fromEntries(rejected) }),
    },
  );
}

/** Who may ask, where, and under which attempt is stored before the cluster hears of it. */
async function writeIntent(
  parts: MoveParts,
  queued: AllocationDocument,
  cluster: AgonesCluster,
  chosen: Omit<Decision, 'at'>,
): Promise<AllocationDocument | undefined> {
  const now = new Date(parts.now());
  const leaseUntil = new Date(now.getTime() + parts.askMs + LEASE_MARGIN_MS);
  const attempt = queued.attempt + 1;
  const { name, udpEdge } = cluster.config;
  const edge = udpEdge === undefined ? {} : { edge: { address: udpEdge, routingToken: newRoutingToken() } };
  const intent = { cluster: name, attempt, worker: parts.worker, startedAt: now, ...edge };
  const set = { attempt, intent, leaseUntil, nextActionAt: leaseUntil };
  const moved = await parts.allocations.move(
    { uid: queued._id, state: 'queued', attempt: queued.attempt },
    {
      state: 'placing',
      event: { kind: 'placing', at: now, data: { cluster: intent.cluster, attempt } },
      set,
      push: { decision: { at: now.toISOString(), ...chosen } },
    },
  );
  if (!moved) return undefined;
  parts.metrics.entered('placing');
  return { ...queued, state: 'placing', ...set };
}

async function ask(parts: MoveParts, placing: AllocationDocument, { on: cluster, done }: Chosen): Promise<void> {
  // The world's old server is fenced before a new one is asked for.
  const epoch = await fenceWorld(parts, placing);
  if (epoch === 'saves-away') return backToLine(parts, placing, { attempt: placing.attempt - 1, retryMs: LEASE_RETRY_MS });
  // This process may have been paused: another may hold the lease by now, and this ask would only make an orphan.
  if (placing.leaseUntil !== null && parts.now() > placing.leaseUntil.getTime() - LEASE_MARGIN_MS + parts.askMs / 2) return;
  const started = parts.now();
  const { priorities, counters, lists } = placing.request;
  const outcome = await cluster.allocate(
    {
      owner: parts.owner,
      uid: placing._id,
      attempt: placing.attempt,
      id: placing.id,
      pool: poolOf(placing.request),
      actions: { priorities, counters, lists },
      traceparent: placing.traceparent,
      session: essentialsOf(placing, epoch),
      routingToken: placing.intent?.edge?.routingToken,
    },
    parts.askMs - lookMs(parts.askMs),
  );
  done();
  parts.metrics.asked(cluster.config.name, outcome.kind, (parts.now() - started) / 1_000);
  if (outcome.kind === 'bound') return bind(parts, placing, outcome, epoch);
  if (outcome.kind === 'doubt') return settleDoubt(parts, placing, outcome.cause);
  // Certain that nobody carries this attempt: its number is free again.
  const tried = outcome.kind === 'none' ? tryOf(placing, parts.now(), 'no-capacity') : notTakenTry(placing, parts.now(), outcome);
  const lostRaces = outcome.kind === 'not-taken' && outcome.why === 'contention';
  const retryMs = lostRaces ? AFTER_CONTENTION_MS : 0;
  await backToLine(parts, placing, { attempt: placing.attempt - 1, retryMs, attemptTry: tried });
  if (lostRaces) return;
  const queued = await parts.allocations.find(placing._id);
  if (queued?.state === 'queued') await place(parts, queued, false);
}

function notTakenTry(placing: AllocationDocument, now: number, { why, cause }: Extract<AskOutcome, { kind: 'not-taken' }>) {
  return tryOf(placing, now, why === 'contention' ? 'contention' : 'failed', { detail: cause.message });
}

interface BackToLine {
  readonly attempt: number;
  readonly retryMs: number;
  readonly attemptTry?: AllocationDocument['tries'][number];
}

async function backToLine(parts: MoveParts, placing: AllocationDocument, { attempt, retryMs, attemptTry }: BackToLine): Promise<void> {
  const now = parts.now();
  const moved = await parts.allocations.move(
    { uid: placing._id, state: 'placing', attempt: placing.attempt, worker: parts.worker },
    {
      state: 'queued',
      event: { kind: 'queued', at: new Date(now), data: { after: attemptTry?.outcome ?? 'saves-away' } },
      set: {
        attempt,
        intent: null,
        leaseUntil: null,
        nextActionAt: new Date(now + Math.max(retryMs, 1)),
        onHoldUntil: retryMs > 0 ? new Date(now + retryMs) : null,
      },
      ...(attemptTry === undefined ? {} : { push: { attemptTry } }),
    },
  );
  if (moved) parts.metrics.entered('queued');
}
