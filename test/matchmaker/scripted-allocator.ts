/** An allocator that answers as the contract says, in states that the test chooses. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Allocation, AllocationRequest, AllocationState } from '../../contracts/allocator.ts';
import type { FleetBuild } from '../../contracts/allocator-api/builds.ts';
import { allocatorApi } from '../../contracts/allocator-api.ts';
import { AppError } from '../../contracts/app-error.ts';
import { pause } from '../../runtime/deadline.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import { serveForTest } from '../services/serve-for-test.ts';
import { createTokenIssuer } from '../services/token-issuer.ts';

interface Scripted {
  readonly request: AllocationRequest;
  state: AllocationState;
  /** This id joined the live session of its world. */
  aliasOf?: Scripted;
}

const FINAL = ['ready', 'ended', 'lost', 'failed', 'cancelled', 'expired'];

export async function scriptedAllocator() {
  const issuer = await createTokenIssuer('https://issuer.test', ['matchmaker']);
  const allocations = new Map<string, Scripted>();
  const script = {
    onRequest: (_request: AllocationRequest): AllocationState => 'ready',
    requests: 0,
    away: false,
    /** What it tells of builds. */
    builds: [] as FleetBuild[],
  };

  const present = (id: string): Scripted => {
    if (script.away) throw new AppError('unavailable', 'away', 'the allocator is away');
    const found = allocations.get(id);
    if (found === undefined) throw new AppError('not-found', 'allocation_unknown', id);
    return found;
  };
  const handlers = {
    listBuilds: async ({ query }) => {
      if (script.away) throw new AppError('unavailable', 'away', 'the allocator is away');
      return { status: 200, body: { builds: script.builds.filter(({ fleet }) => fleet === query.fleet), more: false, inDoubt: [] } };
    },
    requestAllocation: async ({ body }) => {
      if (script.away) throw new AppError('unavailable', 'away', 'the allocator is away');
      script.requests += 1;
      const known = allocations.get(body.id);
      if (known !== undefined) {
        if (!isDeepStrictEqual(known.request, body)) throw new AppError('conflict', 'allocation_differs', body.id);
        return { status: 200, body: viewOf(known) };
      }
      const live = [...allocations.values()].find(
        ({ request, state, aliasOf }) =>
          body.session.world !== undefined &&
          request.session.world === body.session.world &&
          aliasOf === undefined &&
          (state === 'ready' || !FINAL.includes(state)),
      );
      const made: Scripted = { request: body, state: script.onRequest(body), ...(live === undefined ? {} : { aliasOf: live }) };
      allocations.set(body.id, made);
      return { status: 202, body: viewOf(made) };
    },
    getAllocation: async ({ params, query }, { signal }) => {
      const until = Date.now() + query.wait * 1_000;
      for (;;) {
        const found = present(params.id);
        const { state } = found.aliasOf ?? found;
        const held = query.from === undefined ? !FINAL.includes(state) : state === query.from;
        if (!held || Date.now() >= until || signal.aborted) return { status: 200, body: viewOf(found) };
        await pause(10, signal);
      }
    },
    cancelAllocation: async ({ params }) => {
      const found = present(params.id);
      found.state = 'cancelled';
      return { status: 200, body: viewOf(found) };
    },
  } satisfies Partial<Handlers<typeof allocatorApi.endpoints>>;
  const served = await serveForTest(allocatorApi, { ...unplayed(), ...handlers }, [issuer.trusted]);
  return {
    url: served.url,
    token: await issuer.sign('matchmaker', ['matchmaker']),
    client: (token: string) => served.client(token),
    allocations,
    script,
    close: () => served.close(),
  };
}

/** Endpoints that a matchmaker never calls. */
function unplayed(): Handlers<typeof allocatorApi.endpoints> {
  const refuse = () => Promise.reject(new AppError('internal', 'not_played', 'the matchmaker does not call this'));
  return Object.fromEntries(Object.keys(allocatorApi.endpoints).map((name) => [name, refuse])) as unknown as Handlers<
    typeof allocatorApi.endpoints
  >;
}

function viewOf({ request, aliasOf, ...own }: Scripted): Allocation {
  const { state } = aliasOf ?? own;
  const ready = state === 'ready';
  return {
    id: request.id,
    uid: randomUUID().replaceAll('-', ''),
    state,
    attempt: 1,
    fleet: request.fleet,
    build: request.build,
    mode: request.mode,
    session: request.session,
    priority: request.priority,
    players: request.players.map(({ id, role }) => ({ id, role })),
    createdAt: new Date().toISOString(),
    deadlineAt: new Date().toISOString(),
    admissions: ready ? request.players.map(({ id }) => ({ playerId: id, joinTicket: `join-${request.id}-${id}`, packetKey: 'k' })) : [],
    ...(ready
      ? {
          server: {
            cluster: 'c',
            region: 'eu',
            namespace: 'n',
            gameServer: `gs-${request.id}`,
            address: { host: '203.0.113.5', port: 7_777 },
          },
        }
      : {}),
    ...(aliasOf === undefined ? {} : { aliasOf: aliasOf.request.id }),
  };
}
