/** What the allocator may answer to a claim, for ann and bob. */
import type { Claim } from '../../../contracts/allocator.ts';

export const CLAIM: Claim = {
  allocationId: 'm1',
  uid: 'a'.repeat(32),
  attempt: 1,
  state: 'allocated',
  build: 'b1',
  mode: 'duel',
  session: { map: 'arena', data: {}, capacity: 4, spectators: 0 },
  players: ['ann', 'bob'].map((id) => ({ id, role: 'player' as const, packetKey: `key-${id}` })),
  ticketKeys: { keys: [] },
  ticketIssuer: 'https://allocator.test',
  deadlineAt: new Date(0).toISOString(),
  notices: [],
  saves: { token: 'grant' },
};
