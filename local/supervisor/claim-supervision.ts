import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { identityOf, isAlive } from '../processes/process-identity.ts';
import { readRunRecords, removeRunRecord, sweepLeftovers, writeRunRecord } from '../processes/run-records.ts';
import type { RunRecord } from '../processes/run-records.ts';
import type { StateFolder } from './state-folder.ts';

const NAME = 'supervisor';
/** What a supervisor in the background says. */
export const SUPERVISOR_LOG = 'supervisor.log';
const LEFTOVER_GRACE_MS = 8_000;

/** The living supervisor of the stack, if there is one. */
export function livingSupervisor(state: StateFolder): RunRecord | undefined {
  return readRunRecords(state.run).find(({ record }) => record.name === NAME && isAlive(record))?.record;
}

/**
 * Makes this process the stack's supervisor, and ends what one that was killed has left behind.
 * @returns gives it up. @throws when there is a living one.
 */
export async function claimSupervision(state: StateFolder, say: (line: string) => void): Promise<() => void> {
  const other = livingSupervisor(state);
  if (other !== undefined) throw new Error(`The stack is up already, under process ${other.pid}: make status, make down`);
  mkdirSync(state.run, { recursive: true });
  const self = identityOf(process.pid);
  if (self === undefined) throw new Error('The start time of this process cannot be read');
  const swept = await sweepLeftovers(state.run, LEFTOVER_GRACE_MS);
  if (swept.length > 0) say(`ended what a killed supervisor had left behind: ${swept.join(', ')}`);
  writeRunRecord(state.run, { ...self, name: NAME, owner: self });
  forgetLogs(state.logs);
  return () => removeRunRecord(state.run, NAME);
}

/** The last life's logs are kept until the next one begins; the supervisor's own is being written already. */
function forgetLogs(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (name !== SUPERVISOR_LOG) rmSync(path.join(folder, name), { recursive: true, force: true });
}
