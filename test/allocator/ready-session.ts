/** A session that was allocated and accepted, with the bridge of its server. */
import type { Allocation, AllocationRequest } from '../../contracts/allocator.ts';
import { anAllocation, until, type AllocatorUnderTest } from './allocator-under-test.ts';

type Shown = Allocation & { readonly server: NonNullable<Allocation['server']> };

export async function readySession(world: AllocatorUnderTest, fleet: string, changes: Partial<AllocationRequest> = {}) {
  const matchmaker = await world.matchmaker();
  const asked = anAllocation(fleet, changes);
  await matchmaker.requestAllocation({ body: asked });
  return { asked, ...(await makeReady(world, asked.id)) };
}

/** Waits until the allocation is bound, then claims and accepts as its bridge does. */
export async function makeReady(world: AllocatorUnderTest, id: string) {
  // Of the process that is there now: a test may have killed the one before.
  const look = async () => (await (await world.matchmaker()).getAllocation({ params: { id } })).body;
  let bound: Shown | undefined;
  await until(`${id} is allocated`, async () => {
    const { server, ...rest } = await look();
    bound = rest.state === 'allocated' && server !== undefined ? { ...rest, server } : undefined;
    return bound !== undefined;
  });
  if (bound === undefined) throw new Error(`${id} is not bound`);
  const { uid, attempt, server } = bound;
  const { gameServer } = server;
  const bridge = await world.bridgeOf(server);
  const params = { uid, attempt };
  const claim = async () => (await bridge.claimAttempt({ params, body: { gameServer } })).body;
  await claim();
  await bridge.acceptAttempt({ params, body: { gameServer, build: bound.build, port: 7_777 } });
  return { id, uid, attempt, server, look, claim, bridge };
}

export type ReadySession = Awaited<ReturnType<typeof makeReady>>;
