import { rm } from 'node:fs/promises';
import { endProcess } from '../processes/end-process.ts';
import { sweepLeftovers } from '../processes/run-records.ts';
import { livingSupervisor } from './claim-supervision.ts';
import { forgettable } from './state-folder.ts';
import type { StateFolder } from './state-folder.ts';

const SUPERVISOR_GRACE_MS = 90_000;
const LEFTOVER_GRACE_MS = 8_000;

/** Stops the stack in order, and ends whatever a killed supervisor has left. Nothing of it runs afterwards. */
export async function bringDown(state: StateFolder, say: (line: string) => void): Promise<number> {
  const supervisor = livingSupervisor(state);
  if (supervisor !== undefined) {
    say(`stopping (process ${supervisor.pid})`);
    await endProcess(supervisor, SUPERVISOR_GRACE_MS);
  }
  const swept = await sweepLeftovers(state.run, LEFTOVER_GRACE_MS);
  if (swept.length > 0) say(`ended what was left behind: ${swept.join(', ')}`);
  await rm(state.stackFile, { force: true });
  say(supervisor === undefined && swept.length === 0 ? 'nothing was up' : 'down');
  return 0;
}

/** Only after it is down. */
export async function forget(state: StateFolder): Promise<void> {
  for (const path of forgettable(state)) await rm(path, { recursive: true, force: true });
}
