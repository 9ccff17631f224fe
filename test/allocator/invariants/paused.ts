/** Processes of the allocator that stop at a point (SIGSTOP), and go on when others have long taken over. */
import { readFile } from 'node:fs/promises';
import type { AllocationRequest } from '../../../contracts/allocator.ts';
import { until, type AllocatorUnderTest } from '../allocator-under-test.ts';
import { armedAt, newPointLog } from './kill-at-each.ts';

export interface Paused {
  readonly at: string;
  readonly asked: AllocationRequest;
  goOn(): void;
  end(): Promise<void>;
}

/**
 * A process of its own takes the request and stops at the point. No other process may run meanwhile that could take the turn.
 */
export async function pausedAt(world: AllocatorUnderTest, at: string, asked: AllocationRequest): Promise<Paused> {
  const log = await newPointLog();
  const process_ = await world.startAnother(armedAt(at, asked.id, log, 'SIGSTOP'));
  const token = await world.token('service:matchmaker', ['matchmaker']);
  const { pid } = process_.process;
  // It may stop before it answers: then the client hears nothing, and asks another process.
  process_
    .client(token)
    .requestAllocation({ body: asked })
    .catch(() => {});
  await until(`${at} is reached`, async () => (await readFile(log, 'utf8')).includes(at));
  return {
    at,
    asked,
    goOn: () => void process.kill(pid, 'SIGCONT'),
    end: async () => {
      process.kill(pid, 'SIGKILL');
      await process_.process.ended;
    },
  };
}
