/** World leases, taken at the saves service. */
import { createClient, type Send } from '../contracts/client.ts';
import { savesApi } from '../contracts/saves.ts';
import type { WorldLeases } from './moves/parts.ts';

const LEASE_MS = 2_000;

export function createWorldLeases(baseUrl: string, send: Send, token: () => Promise<string>): WorldLeases {
  const saves = createClient(savesApi, { baseUrl, send, token });
  return {
    take: async (world, holder, madeAt) => {
      const answer = await saves.takeLease(
        { params: { kind: 'worlds', id: world }, body: { holder, madeAt: madeAt.toISOString() } },
        { timeoutMs: LEASE_MS },
      );
      return answer.body.epoch;
    },
  };
}
