/** Finds the points that lives of an allocation pass, and ends the allocator at each of them. */
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { AllocationRequest } from '../../../contracts/allocator.ts';
import { testStack } from '../../../local/testing.ts';
import { allocatorUnderTest, anAllocation, EAST, letPass, until, type ProcessChanges } from '../allocator-under-test.ts';
import { startChecker } from './checker.ts';
import type { Life, Stage } from './lives.ts';
import { POINT_ENV, pointOf, textOf, WITH_POINTS, type Point } from './points.ts';

const AFTERMATH_MS = 1_500;
/** Whoever tells events dies with its lease here: the next one has to wait for that, and begins with what is oldest. */
const TOLD_MS = 60_000;

/** One allocator over a database of its own, killed at one point after the other. */
export interface Lane extends Stage {
  readonly fleet: string;
  readonly log: string;
}

export interface LifeOf {
  readonly life: Life;
  readonly withWorld: boolean;
}

export interface Kill extends LifeOf {
  readonly point: Point;
}

export async function openLane(): Promise<Lane> {
  const world = await allocatorUnderTest({ env: { ASK_TIMEOUT_MS: '4000' } });
  const fleet = await world.makeFleet(EAST, 6);
  return { world, checker: await startChecker(world), fleet, log: await newPointLog() };
}

export async function closeLane({ world, checker }: Stage): Promise<void> {
  await checker.stop();
  await world.stop();
}

export async function newPointLog(): Promise<string> {
  const file = path.join((await testStack()).folder, `points-${randomUUID()}.log`);
  await writeFile(file, '');
  return file;
}

/** What a process needs to end, or stop, at a point of the allocation with this id. */
export function armedAt(at: string, id: string, log: string, signal: 'SIGKILL' | 'SIGSTOP' = 'SIGKILL'): ProcessChanges {
  const points = { [POINT_ENV.at]: at, [POINT_ENV.of]: id, [POINT_ENV.file]: log, [POINT_ENV.signal]: signal };
  return { env: points, nodeArgs: WITH_POINTS };
}

/** What a second attempt does again, and differs in it. The rest is the same each time. */
const REPEATED = new Set(['allocations:placing', 'allocations:allocated', 'call:POST lease', 'call:allocate']);

/** Only an allocation takes effect for long between its leaving and its answer. */
function isWorthIt({ name, phase, nth }: Point): boolean {
  if (phase === 'sent' && name !== 'call:allocate') return false;
  return nth === 1 || REPEATED.has(name);
}

/** Every point of a recorded run of each life; later lives add what they alone pass. */
export async function findPoints(lanes: readonly Lane[], lives: readonly LifeOf[]): Promise<Kill[]> {
  const passed = new Map<LifeOf, string[]>();
  const line = [...lives];
  await Promise.all(
    lanes.map(async (lane) => {
      for (let one = line.shift(); one !== undefined; one = line.shift()) passed.set(one, await record(lane, one));
    }),
  );
  const found = new Map<string, Kill>();
  for (const one of lives)
    for (const text of passed.get(one) ?? []) if (!found.has(text)) found.set(text, { point: pointOf(text), ...one });
  return [...found.values()].filter(({ point }) => isWorthIt(point));
}

async function record(lane: Lane, { life, withWorld }: LifeOf): Promise<string[]> {
  const asked = askedFor(lane, withWorld);
  await writeFile(lane.log, '');
  await restart(lane, 'record', asked.id);
  await life(lane, asked);
  await lane.checker.allOver();
  return (await readFile(lane.log, 'utf8')).split('\n').filter((text) => text !== '');
}

/** @returns those whose point was not reached. */
export async function killAtAll(lanes: readonly Lane[], kills: readonly Kill[]): Promise<Kill[]> {
  const line = [...kills];
  return line.length === 0 ? [] : (await Promise.all(lanes.map((lane) => killAtEach(lane, line)))).flat();
}

/** Takes kills from the line until it is empty. The lives go on while the next process runs: clients do not care which one answers. */
async function killAtEach(lane: Lane, line: Kill[]): Promise<Kill[]> {
  const missed: Kill[] = [];
  const faults: Error[] = [];
  const lives: Promise<void>[] = [];
  for (let kill = line.shift(); kill !== undefined; kill = line.shift()) {
    const { point, life, withWorld } = kill;
    const asked = askedFor(lane, withWorld);
    await restart(lane, textOf(point), asked.id);
    const doomed = lane.world.allocator.process;
    const state = { over: false };
    lives.push(
      life(lane, asked)
        .catch((cause: unknown) => void faults.push(new Error(`killed at ${textOf(point)} in ${life.name}: ${String(cause)}`, { cause })))
        .finally(() => aftermath(lane, asked.id).then(() => (state.over = true))),
    );
    await until(`${textOf(point)} is reached, or the life is over`, async () => doomed.end !== undefined || state.over, 300_000);
    if (doomed.end === undefined) missed.push(kill);
  }
  await restart(lane, '', '');
  await Promise.all(lives);
  if (faults.length > 0) throw new AggregateError(faults, faults.map(({ message }) => message).join('\n'));
  return missed;
}

/** What follows from the end of a life: its events are told, its server is seen to. */
async function aftermath({ world }: Lane, id: string): Promise<void> {
  const allocations = world.database.db.collection<{ _id: string; id: string; untoldSince: Date | null }>('allocations');
  const isTold = async () => (await allocations.findOne({ id }))?.untoldSince === null;
  await until(`the events of ${id} are told`, isTold, TOLD_MS).catch(() => {});
  await letPass(AFTERMATH_MS);
}

async function restart({ world, log }: Lane, at: string, id: string): Promise<void> {
  await world.killAllocator(undefined, armedAt(at, id, log));
}

function askedFor({ fleet }: Lane, withWorld: boolean): AllocationRequest {
  const world = withWorld ? { world: `w-${randomUUID()}` } : {};
  return anAllocation(fleet, { deadlineSeconds: 600, session: { map: 'arena', capacity: 4, spectators: 0, data: {}, ...world } });
}
