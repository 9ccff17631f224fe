/** Maintenance windows over the API: planned, looked at, cancelled. */
import { AppError } from '../../contracts/app-error.ts';
import type { maintenanceEndpoints, MaintenanceWindow } from '../../contracts/allocator-api/maintenance-windows.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import { phaseOf } from '../placement/maintenance.ts';
import type { ScopeLook } from '../reconcile/scope-look.ts';
import type { KeptWindow, MaintenanceWindows } from '../store/maintenance-windows.ts';

export interface MaintenanceApiParts {
  readonly windows: MaintenanceWindows;
  readonly look: ScopeLook;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const MOST_LISTED = 200;

export function maintenanceHandlers({ windows, look, now }: MaintenanceApiParts): Handlers<typeof maintenanceEndpoints> {
  const show = async (window: KeptWindow): Promise<MaintenanceWindow> => {
    const { id, scope, drainLeadSeconds, reason, end, createdBy, cancelledAt, drainedAt } = window;
    const phase = phaseOf(window, now());
    return {
      id,
      scope,
      drainLeadSeconds,
      reason,
      end,
      phase,
      createdBy,
      startsAt: window.startsAt.toISOString(),
      endsAt: window.endsAt.toISOString(),
      createdAt: window.createdAt.toISOString(),
      ...(cancelledAt === null ? {} : { cancelledAt: cancelledAt.toISOString() }),
      ...(drainedAt === null ? {} : { drainedAt: drainedAt.toISOString() }),
      ...(phase === 'over' || phase === 'cancelled' ? {} : { status: await look.statusOf(window) }),
    };
  };
  const known = (window: KeptWindow | undefined, id: string): KeptWindow => {
    if (window !== undefined) return window;
    throw new AppError('not-found', 'window_unknown', `there is no maintenance window ${id}`);
  };
  return {
    planMaintenance: async ({ body }, { principal, log }) => {
      const { kind, window } = await windows.plan(body, principal?.subject ?? '');
      if (kind === 'made') log.info('maintenance is planned', { window: window.id, startsAt: body.startsAt, end: body.end });
      return { status: kind === 'made' ? 201 : 200, body: await show(window) };
    },
    listMaintenance: async ({ query }) => {
      const listed = await windows.list(query.open === 'true', MOST_LISTED);
      return { status: 200, body: { windows: await Promise.all(listed.map(show)) } };
    },
    getMaintenance: async ({ params }) => ({ status: 200, body: await show(known(await windows.find(params.id), params.id)) }),
    cancelMaintenance: async ({ params }, { log }) => {
      const window = known(await windows.cancel(params.id), params.id);
      log.info('maintenance is cancelled', { window: window.id, wasOver: window.cancelledAt === null });
      return { status: 200, body: await show(window) };
    },
  };
}
