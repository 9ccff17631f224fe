import { mkdirSync } from 'node:fs';
import { identityOf, isAlive } from '../processes/process-identity.ts';
import { readRunRecords, removeRunRecord, sweepLeftovers, writeRunRecord } from '../processes/run-records.ts';
import type { RunRecord } from '../processes/run-records.ts';
import type { StateFolder } from './state-folder.ts';

const NAME = 'supervisor';
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
  return () => removeRunRecord(state.run, NAME);
}
