/** Inventories of players. */
import { AppError } from '../../contracts/app-error.ts';
import type { inventoryEndpoints } from '../../contracts/bridge-api/inventories.ts';
import type { Handlers } from '../../runtime/serve-api.ts';

export function inventoryHandlers(): Handlers<typeof inventoryEndpoints> {
  const away = () =>
    Promise.reject(new AppError('unavailable', 'inventory_away', 'inventories cannot be had yet; ask again', { retryAfter: 5 }));
  return { inventory: away, appendInventory: away, inventoryAcks: away, putInventorySnapshot: away, acks: away };
}
