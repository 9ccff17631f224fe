/** Lives of an allocation, as a stubborn client and the bridge of the bound server lead them. */
import assert from 'node:assert/strict';
import type { Allocation, AllocationRequest, AllocationState } from '../../../contracts/allocator.ts';
import { letPass, until, type AllocatorUnderTest } from '../allocator-under-test.ts';
import type { Checker } from './checker.ts';
import { insist } from './insist.ts';

export interface Stage {
  readonly world: AllocatorUnderTest;
  readonly checker: Checker;
}

export type Life = (stage: Stage, asked: AllocationRequest) => Promise<void>;

const LOOK_MS = 40;

/** Requested, taken up, played and ended by its client. */
export const playedOut: Life = async (stage, asked) => {
  await ask(stage, asked);
  await takeUp(stage, asked);
  await endOf(stage, asked.id);
};

/** The first server refuses the session; the next one takes it. */
export const refusedOnce: Life = async (stage, asked) => {
  await ask(stage, asked);
  const { params, gameServer, bridge } = await bound(stage, asked.id);
  await insist(async () => (await bridge()).failAttempt({ params, body: { gameServer, reason: 'a test refuses it' } })).catch(isOver);
  await takeUp(stage, asked);
  await endOf(stage, asked.id);
};

/** Cancelled as soon as it has been asked for. */
export const cancelledAtOnce: Life = async (stage, asked) => {
  await ask(stage, asked);
  await endOf(stage, asked.id);
};

/** Cancelled while its server loads. */
export const cancelledInLoading: Life = async (stage, asked) => {
  await ask(stage, asked);
  await bound(stage, asked.id);
  await endOf(stage, asked.id);
};

/** A second id joins the live session of the world, and leaves it. */
export const joinedByAnother: Life = async (stage, asked) => {
  await ask(stage, asked);
  const second: AllocationRequest = { ...asked, id: `${asked.id}-too`, players: [{ id: 'eve', role: 'player', latencies: {} }] };
  const joined = (await insist(async () => (await stage.world.matchmaker()).requestAllocation({ body: second }))).body;
  assert.equal(joined.aliasOf, asked.id);
  await takeUp(stage, asked);
  const eve = async () => (await look(stage, asked.id)).players.filter(({ id }) => id === 'eve').length;
  assert.equal(await eve(), 1, 'the other id has its seat once');
  await insist(async () => (await stage.world.matchmaker()).cancelAllocation({ params: { id: second.id } }));
  assert.equal(await eve(), 0, 'the seat of the other id is free');
  await endOf(stage, asked.id);
};

export async function ask({ world, checker }: Stage, asked: AllocationRequest): Promise<Allocation> {
  const { body } = await insist(async () => (await world.matchmaker()).requestAllocation({ body: asked }));
  checker.promised({ id: asked.id, deadlineAt: Date.parse(body.deadlineAt) });
  return body;
}

export async function look({ world }: Pick<Stage, 'world'>, id: string): Promise<Allocation> {
  return (await insist(async () => (await world.matchmaker()).getAllocation({ params: { id } }))).body;
}

/** Waits until it is in one of the states. */
export async function inState(
  stage: Pick<Stage, 'world'>,
  id: string,
  states: readonly AllocationState[],
  deadlineMs = 300_000,
): Promise<Allocation> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const found = await look(stage, id);
    if (states.includes(found.state)) return found;
    if (performance.now() > deadline) throw new Error(`${id} is ${found.state}, and not ${states.join(' or ')}`);
    await letPass(LOOK_MS);
  }
}

async function bound(stage: Stage, id: string) {
  const { uid, attempt, server } = await inState(stage, id, ['allocated', 'ready']);
  assert.ok(server);
  return { params: { uid, attempt }, gameServer: server.gameServer, bridge: () => stage.world.bridgeOf(server) };
}

/** Claims and accepts until it is ready: an attempt may be over before its server has said so. */
export async function takeUp(stage: Stage, asked: AllocationRequest): Promise<void> {
  for (let tries = 0; tries < 5; tries += 1) {
    const { params, gameServer, bridge } = await bound(stage, asked.id);
    try {
      const { body: claim } = await insist(async () => (await bridge()).claimAttempt({ params, body: { gameServer } }));
      await insist(async () => (await bridge()).acceptAttempt({ params, body: { gameServer, build: 'dev', port: 7_777 } }));
      await holdsItsWorld(stage, asked, params, claim.saves.worldEpoch);
      return;
    } catch (cause) {
      isOver(cause);
    }
  }
  throw new Error(`${asked.id} was taken away from every server that took it up`);
}

/** The session has the right to write its world: its epoch is the one that saves goes by. */
async function holdsItsWorld(
  { world }: Stage,
  asked: AllocationRequest,
  holder: { uid: string; attempt: number },
  worldEpoch: number | undefined,
): Promise<void> {
  const id = asked.session.world;
  if (id === undefined) return;
  const lease = (await (await world.saves()).getLease({ params: { kind: 'worlds', id } })).body;
  assert.deepEqual({ holder: lease.holder, epoch: lease.epoch }, { holder, epoch: worldEpoch });
}

/** Ended or cancelled by its client, until its server is gone. */
export async function endOf(stage: Stage, id: string): Promise<void> {
  await insist(async () => (await stage.world.matchmaker()).cancelAllocation({ params: { id } }));
  const { uid } = await inState(stage, id, ['ended', 'cancelled']);
  await until(`the server of ${id} is gone`, async () => (await stage.world.carriersOf(uid)).length === 0);
}

/** A conflict says that the attempt is not this server's any more: the next one follows. Anything else is a fault. */
function isOver(cause: unknown): void {
  if (cause instanceof Error && 'kind' in cause && cause.kind === 'conflict') return;
  throw cause;
}
