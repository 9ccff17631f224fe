import type { allocatorApi } from '../contracts/allocator-api.ts';
import type { Client } from '../contracts/client.ts';
import { anAllocation } from '../test/allocator/allocator-under-test.ts';

/** One allocation, from its POST until it has a server. @throws when it comes to another end */
export async function untilBound(client: Client<typeof allocatorApi.endpoints> | undefined, fleet: string): Promise<void> {
  if (client === undefined) throw new Error('there is no client');
  const asked = anAllocation(fleet, { deadlineSeconds: 600 });
  let { body } = await client.requestAllocation({ body: asked });
  while (body.state === 'queued' || body.state === 'placing') {
    const query = { wait: 10, until: 'allocated' as const };
    const answer = await client.getAllocation({ params: { id: asked.id }, query });
    if (answer.status === 200) body = answer.body;
  }
  if (body.state !== 'allocated') throw new Error(`the allocation is ${body.state}: ${body.reason}`);
}
