/** Holds when `tsc` is content: each line below that must not compile is one that says so. */
import type { z } from 'zod';
import type { allocatorApi } from '../../contracts/allocator-api.ts';
import type { Allocation } from '../../contracts/allocator.ts';
import type { Client } from '../../contracts/client.ts';
import type { savesApi } from '../../contracts/saves.ts';
import type { Handlers } from '../../runtime/serve-api.ts';

type Saves = Handlers<typeof savesApi.endpoints>;
declare const whole: Saves;
declare const client: Client<typeof allocatorApi.endpoints>;
declare const allocation: z.output<typeof Allocation>;

const { restore: _left, ...tooFew } = whole;
// @ts-expect-error -- a handler is missing
export const missing: Saves = tooFew;

// @ts-expect-error -- a status that the table does not name
export const otherStatus: Saves['getLease'] = async () => ({ status: 404, body: undefined });

// @ts-expect-error -- a body of another shape
export const otherBody: Saves['appendEntries'] = async () => ({ status: 200, body: { stored: true } });

export const fits: Saves['appendEntries'] = async ({ params, body }) => ({
  status: 200,
  body: { durableSeq: body.entries.length + params.id.length },
});

// @ts-expect-error -- no such parameter
export const otherParameter: Saves['getLease'] = async ({ params }) => whole.getLease(params.name);

export async function callsThatFit(): Promise<void> {
  await client.getAllocation({ params: { id: 'a' } });
  await client.getAllocation({ params: { id: 'a' }, query: { wait: 5 } });
  const reply = await client.cancelAllocation({ params: { id: 'a' } });
  const status: 200 | 202 = reply.status;
  const body: typeof allocation = reply.body;
  void [status, body];
  // @ts-expect-error -- the id is missing
  await client.getAllocation({});
  // @ts-expect-error -- no such state
  await client.getAllocation({ params: { id: 'a' }, query: { from: 'begun' } });
}
