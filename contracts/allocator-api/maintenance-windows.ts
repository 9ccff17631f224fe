/** Maintenance windows: when a cluster, a fleet, a build of it or a region is to stand free of sessions. */
import { z } from 'zod';
import { defineEndpoints, ORDINARY } from '../endpoint.ts';
import { Build, ClientId, Instant, KubeName } from '../words.ts';
import { ById, CLIENTS } from './callers.ts';

const HOUR = 3_600;

export const MaintenanceScope = z
  .object({
    cluster: KubeName.optional(),
    fleet: KubeName.optional(),
    build: Build.optional().describe('Only this build of the fleet; all of them where absent'),
    region: KubeName.optional(),
  })
  .refine(
    ({ cluster, fleet, region }) => (region === undefined ? (cluster ?? fleet) !== undefined : (cluster ?? fleet) === undefined),
    'name a cluster, or a fleet (with or without its cluster), or a region',
  )
  .refine(({ fleet, build }) => build === undefined || fleet !== undefined, {
    path: ['build'],
    message: 'name the fleet whose build it is',
  })
  .meta({ id: 'MaintenanceScope', description: 'A cluster, a fleet or a build of it (in one cluster or in all), or a region' });
export type MaintenanceScope = z.infer<typeof MaintenanceScope>;

export const MaintenanceEnd = z
  .enum(['let-finish', 'end-sessions'])
  .describe('What happens at startsAt to sessions that still run: they may finish, or they are ended');

/** What is asked for. Two requests with one id must agree in all of it. */
export const MaintenanceRequest = z
  .object({
    id: ClientId.describe('Chosen by you; sending it again gives the same window'),
    scope: MaintenanceScope,
    startsAt: Instant,
    endsAt: Instant,
    drainLeadSeconds: z
      .int()
      .min(0)
      .max(7 * 24 * HOUR)
      .default(HOUR)
      .describe('This long before startsAt nothing new is placed there, and game servers get the notice'),
    reason: z.string().min(1).max(256).describe('Told to the game servers'),
    end: MaintenanceEnd.default('let-finish'),
  })
  .refine(({ startsAt, endsAt }) => Date.parse(startsAt) < Date.parse(endsAt), { path: ['endsAt'], message: 'must be after startsAt' })
  .meta({ id: 'MaintenanceRequest' });
export type MaintenanceRequest = z.infer<typeof MaintenanceRequest>;

export const MaintenancePhase = z
  .enum(['planned', 'draining', 'running', 'over', 'cancelled'])
  .meta({ id: 'MaintenancePhase', description: 'draining: between startsAt − drainLeadSeconds and startsAt' });
export type MaintenancePhase = z.infer<typeof MaintenancePhase>;

const MaintenanceStatus = z
  .object({
    sessions: z.int().describe('Allocations that have a game server in the scope'),
    busyServers: z.int().describe('Game servers in the scope that carry a session, or flush one that has ended'),
    freeServers: z.int().describe('Ready game servers in the scope'),
    oldestSession: z
      .object({ allocationId: ClientId, uid: z.string(), cluster: z.string(), gameServer: z.string(), since: Instant })
      .optional(),
    unreachable: z.array(z.string()).describe('Clusters of the scope that do not answer: what runs there is known from before'),
  })
  .meta({ id: 'MaintenanceStatus' });
export type MaintenanceStatus = z.infer<typeof MaintenanceStatus>;

export const MaintenanceWindow = z
  .object({
    id: ClientId,
    scope: MaintenanceScope,
    startsAt: Instant,
    endsAt: Instant,
    drainLeadSeconds: z.int(),
    reason: z.string(),
    end: MaintenanceEnd,
    phase: MaintenancePhase,
    createdAt: Instant,
    createdBy: z.string(),
    cancelledAt: Instant.optional(),
    drainedAt: Instant.optional().describe('Since when no session and no busy server was left, seen while it drained or ran'),
    status: MaintenanceStatus.optional().describe('While planned, draining or running'),
  })
  .meta({ id: 'MaintenanceWindow' });
export type MaintenanceWindow = z.infer<typeof MaintenanceWindow>;

const WRITERS = ['operator', 'backend'] as const;

export const maintenanceEndpoints = defineEndpoints({
  planMaintenance: {
    method: 'POST',
    path: '/v1/maintenance-windows',
    summary: 'Plan a maintenance window',
    description: 'The id makes it repeatable: the same id with the same fields is the same window, whatever its phase.',
    access: WRITERS,
    body: MaintenanceRequest,
    responses: {
      200: { description: 'It was planned before; this is its present state', body: MaintenanceWindow },
      201: { description: 'Planned', body: MaintenanceWindow },
    },
    errors: ['conflict'],
    limits: ORDINARY,
    idempotency: 'repeatable',
  },
  listMaintenance: {
    method: 'GET',
    path: '/v1/maintenance-windows',
    summary: 'Maintenance windows, the latest start first',
    access: CLIENTS,
    query: z.object({ open: z.enum(['true', 'false']).default('true').describe('true: only those that are neither over nor cancelled') }),
    responses: { 200: { description: 'At most 200', body: z.object({ windows: z.array(MaintenanceWindow) }) } },
    errors: [],
    limits: ORDINARY,
    idempotency: 'safe',
  },
  getMaintenance: {
    method: 'GET',
    path: '/v1/maintenance-windows/{id}',
    summary: 'A maintenance window and how far its scope is drained',
    access: CLIENTS,
    params: ById,
    responses: { 200: { description: 'The window', body: MaintenanceWindow } },
    errors: ['not-found'],
    limits: ORDINARY,
    idempotency: 'safe',
  },
  cancelMaintenance: {
    method: 'DELETE',
    path: '/v1/maintenance-windows/{id}',
    summary: 'Cancel a window: its scope takes work again, its notices are taken back',
    description: 'Sessions that it has ended stay ended. Its id stays used.',
    access: WRITERS,
    params: ById,
    responses: { 200: { description: 'Cancelled, or over already', body: MaintenanceWindow } },
    errors: ['not-found'],
    limits: ORDINARY,
    idempotency: 'repeatable',
  },
});
