/** The saves service over a database of its own, with callers of every kind. */
import { randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import { savesApi, type Holder, type JournalEntry } from '../../contracts/saves.ts';
import { SILENT_LOG } from '../../runtime/log.ts';
import { savesHandlers } from '../../saves/api/saves-handlers.ts';
import type { SavesParts } from '../../saves/moves/saves-parts.ts';
import { createSavesEvents } from '../../saves/saves-events.ts';
import { openSavesStore } from '../../saves/store/saves-store.ts';
import { freshDatabase } from '../services/fresh-database.ts';
import { serveForTest } from '../services/serve-for-test.ts';
import { createTokenIssuer } from '../services/token-issuer.ts';

export interface Grant {
  readonly holder: Holder;
  readonly world?: string;
  readonly players?: readonly string[];
}

export async function savesUnderTest() {
  const database = await freshDatabase();
  const services = await createTokenIssuer('https://issuer.test', ['allocator', 'operator', 'backend', 'player']);
  const allocator = await createTokenIssuer('https://allocator.test', ['session']);
  const store = await openSavesStore(database.db);
  const parts: SavesParts = {
    ...store,
    events: createSavesEvents(new Registry(), SILENT_LOG),
    now: () => new Date(),
    mint: randomUUID,
  };
  const trusted = [services.trusted, allocator.trusted];
  const served = await serveForTest(savesApi, savesHandlers(parts), trusted);
  return {
    database,
    parts,
    trusted,
    services,
    allocator: served.client(await services.sign('allocator', ['allocator'])),
    operator: served.client(await services.sign('olga', ['operator'])),
    tokenFor: (grant: Grant) => allocator.sign(`session-${grant.holder.uid}`, ['session'], { players: [], ...grant }),
    session: async (grant: Grant) =>
      served.client(await allocator.sign(`session-${grant.holder.uid}`, ['session'], { players: [], ...grant })),
    as: (token: string) => served.client(token),
    /** A body as it is, for what no client of ours would send. */
    post: async (path: string, token: string, body: string) => {
      const answer = await fetch(served.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body,
        signal: AbortSignal.timeout(60_000),
      });
      return { status: answer.status, body: await answer.text() };
    },
    close: async () => {
      await served.close();
      await database.close();
    },
  };
}

export type SavesUnderTest = Awaited<ReturnType<typeof savesUnderTest>>;

export function newHolder(attempt = 1): Holder {
  return { uid: randomUUID().replaceAll('-', ''), attempt };
}

export function entriesFrom(first: number, count: number, data: Record<string, unknown> = {}): JournalEntry[] {
  return Array.from({ length: count }, (_, index) => ({ seq: first + index, data: { ...data, n: first + index } }));
}

/** Every page of what is durable. */
export async function restoreAll(client: SavesUnderTest['operator'], kind: 'worlds' | 'players', id: string) {
  const first = (await client.restore({ params: { kind, id }, query: {} })).body;
  const entries = [...first.entries];
  let { next } = first;
  let pages = 1;
  while (next !== undefined) {
    const page = (await client.restore({ params: { kind, id }, query: { after: next } })).body;
    entries.push(...page.entries);
    next = page.next;
    pages += 1;
  }
  return { ...first, entries, pages };
}
