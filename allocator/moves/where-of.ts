/** Where a session is, or was, as its events tell it; nothing while it has no server. */
import type { AllocationDocument } from '../allocation.ts';

export function whereOf({ server }: Pick<AllocationDocument, 'server'>): { cluster?: string; gameServer?: string } {
  return server === null ? {} : { cluster: server.cluster, gameServer: server.gameServer };
}
