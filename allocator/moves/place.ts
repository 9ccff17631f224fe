/** queued → placing → allocated: choose a cluster, write the intent, ask. */
import type { Decision } from '../../contracts/allocator.ts';
import type { AllocationDocument } from '../allocation.ts';
import type { AgonesCluster } from '../clusters/agones-cluster.ts';
import { essentialsOf } from '../clusters/session-essentials.ts';
import { chooseCluster, type Candidate, type Choice, type Wish } from '../placement/choose-cluster.ts';
import { playableMs } from '../placement/maintenance.ts';
import { chooseInTurn } from '../placement/choose-in-turn.ts';
import { playersOf } from '../seats.ts';
import { KEPT_DECISIONS } from '../store/allocations.ts';
import { bind, tryOf } from './bind.ts';
import { fenceWorld } from './fence-world.ts';
import { finish } from './finish.ts';
import type { MoveParts } from './parts.ts';
import { settleDoubt } from './settle-doubt.ts';

/** Waiting allocations are woken by Ready servers; this only heals a wake-up that was lost. Milliseconds. */
const BACKSTOP_MS = 2_000;
/** The lease outlives the ask by this much; a worker that wakes later than that does not ask any more. */
const LEASE_MARGIN_MS = 4_000;
/** Some of those ahead may want what none of the free clusters can give: look that much further. */
const LOOK_FURTHER = 100;
/** Saves is away: the world cannot be fenced, so nobody may be asked. */
const LEASE_RETRY_MS = 1_000;

/** A choice, and the server that is set aside for it until `done` is called. */
type Chosen = Extract<Choice, { kind: 'chosen' }> & { readonly on: AgonesCluster; readonly done: () => void };
type Found = Chosen | Exclude<Choice, { kind: 'chosen' }>;

export async function place(parts: MoveParts, queued: AllocationDocument, mayLookAgain = true): Promise<void> {
  if (parts.now() >= queued.deadlineAt.getTime()) return finish(parts, queued, 'expired', 'no server was joinable before the deadline');
  let found = await choose(parts, queued);
  if (found.kind === 'wait') {
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

/**
 * Those ahead in line are counted before the clusters are looked at: whoever has left the line by then has a server set
 * aside, so nobody is counted neither here nor there.
 */
async function choose(parts: MoveParts, queued: AllocationDocument): Promise<Found> {
  const { fleet, build } = queued.request;
  await parts.windows.refresh();
  const wish = wishOf(queued, parts.now());
  const ready = candidates(parts, queued).reduce((sum, cluster) => sum + (cluster.healthy ? cluster.ready : 0), 0);
  const count = ready === 0 ? 0 : await parts.allocations.countAhead(fleet, build, queued.turn, ready);
  const clusters = candidates(parts, queued);
  const alone = chooseCluster(clusters, wish);
  const free = clusters.find((cluster) => alone.kind === 'chosen' && cluster.name === alone.cluster)?.ready ?? 0;
  // Whatever those ahead take, one is left: who they are need not be read.
  if (alone.kind !== 'chosen' || count < free) return setAside(parts, fleet, alone);
  const ahead = await parts.allocations.line(fleet, build, ready + LOOK_FURTHER, queued.turn);
  const wishes = ahead.map((other) => wishOf(other, parts.now()));
  return setAside(parts, fleet, chooseInTurn(candidates(parts, queued), wishes, wish));
}

function setAside(parts: MoveParts, fleet: string, choice: Choice): Found {
  if (choice.kind !== 'chosen') return choice;
  const on = parts.clusters.get(choice.cluster);
  if (on === undefined) return { kind: 'wait', retryInMs: undefined, decision: choice.decision };
  return { ...choice, on, done: on.census.setAside(fleet) };
}

function candidates(parts: MoveParts, queued: AllocationDocument): Candidate[] {
  const { fleet, build } = queued.request;
  return [...parts.clusters.values()].map((cluster) => ({
    name: cluster.config.name,
    region: cluster.config.region,
    weight: cluster.config.weight,
    healthy: cluster.healthy,
    hasFleet: cluster.census.hasFleet(fleet),
    ready: cluster.census.ready(fleet, build),
    playableMs: playableMs(parts.windows.open, { cluster: cluster.config.name, region: cluster.config.region, fleet }, parts.now()),
  }));
}

function wishOf(allocation: AllocationDocument, now: number): Wish {
  const { regions, latencyPolicy, expectedSeconds } = allocation.request;
  const expectedMs = expectedSeconds === undefined ? undefined : expectedSeconds * 1_000;
  return {
    uid: allocation._id,
    regions,
    players: playersOf(allocation),
    latencyPolicy,
    ageMs: now - allocation.createdAt.getTime(),
    expectedMs,
  };
}

async function wait(parts: MoveParts, queued: AllocationDocument, choice: Extract<Choice, { kind: 'wait' }>): Promise<boolean> {
  const now = parts.now();
  const next = Math.min(now + BACKSTOP_MS, queued.deadlineAt.getTime(), now + (choice.retryInMs ?? BACKSTOP_MS));
  const decision: Decision = { at: new Date(now).toISOString(), ...choice.decision };
  const rejected = choice.decision.considered.flatMap((one) => (one.rejected === undefined ? [] : [[`rejections.${one.rejected}`, 1]]));
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
  const intent = { cluster: cluster.config.name, attempt, worker: parts.worker, startedAt: now };
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
  const outcome = await cluster.allocate(
    {
      owner: parts.owner,
      uid: placing._id,
      attempt: placing.attempt,
      id: placing.id,
      fleet: placing.request.fleet,
      build: placing.request.build,
      traceparent: placing.traceparent,
      session: essentialsOf(placing, epoch),
    },
    parts.askMs,
  );
  done();
  parts.metrics.asked(cluster.config.name, outcome.kind, (parts.now() - started) / 1_000);
  if (outcome.kind === 'bound') return bind(parts, placing, outcome, epoch);
  if (outcome.kind === 'doubt') return settleDoubt(parts, placing, outcome.cause);
  // Certain that nobody carries this attempt: its number is free again.
  await backToLine(parts, placing, { attempt: placing.attempt - 1, retryMs: 0, attemptTry: tryOf(placing, parts.now(), 'no-capacity') });
  const queued = await parts.allocations.find(placing._id);
  if (queued?.state === 'queued') await place(parts, queued, false);
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
      set: { attempt, intent: null, leaseUntil: null, nextActionAt: new Date(now + Math.max(retryMs, 1)) },
      ...(attemptTry === undefined ? {} : { push: { attemptTry } }),
    },
  );
  if (moved) parts.metrics.entered('queued');
}
