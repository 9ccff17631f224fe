/** A kept allocation as the API shows it. */
import type { Admission, Allocation, Trace } from '../../contracts/allocator.ts';
import { playersAddressOf, type AllocationDocument } from '../allocation.ts';

/** @param shownAs the id that was asked for, where it stands for another's session. */
export function viewOf(allocation: AllocationDocument, admissions: readonly Admission[], shownAs = allocation.id): Allocation {
  const { server, request, readyAt, endedAt, reason } = allocation;
  return {
    id: shownAs,
    uid: allocation._id,
    state: allocation.state,
    attempt: allocation.attempt,
    ...(request.fleet === undefined ? {} : { fleet: request.fleet }),
    ...(request.selectors === undefined ? {} : { selectors: request.selectors }),
    build: request.build,
    mode: request.mode,
    session: request.session,
    priority: request.priority,
    players: allocation.seats.map(({ id, role }) => ({ id, role })),
    createdAt: allocation.createdAt.toISOString(),
    deadlineAt: allocation.deadlineAt.toISOString(),
    ...(readyAt === null ? {} : { readyAt: readyAt.toISOString() }),
    ...(endedAt === null ? {} : { endedAt: endedAt.toISOString() }),
    ...(server === null
      ? {}
      : {
          server: {
            cluster: server.cluster,
            region: server.region,
            namespace: server.namespace,
            gameServer: server.gameServer,
            ...(allocation.state === 'ready' ? { address: playersAddressOf(server) } : {}),
          },
        }),
    admissions: [...admissions],
    ...(shownAs === allocation.id ? {} : { aliasOf: allocation.id }),
    ...(reason === null ? {} : { reason }),
    ...(allocation.resumedAs === null ? {} : { resumedAs: allocation.resumedAs }),
    ...(allocation.resumed === null ? {} : { resumedFrom: allocation.resumed.from }),
  };
}

export function traceOf(allocation: AllocationDocument, now: number): Trace {
  const until = allocation.readyAt ?? allocation.endedAt;
  return {
    id: allocation.id,
    state: allocation.state,
    waitedMs: (until?.getTime() ?? now) - allocation.createdAt.getTime(),
    decisions: allocation.decisions,
    tries: allocation.tries,
    rejections: allocation.rejections,
    crashes: allocation.crashes,
  };
}
