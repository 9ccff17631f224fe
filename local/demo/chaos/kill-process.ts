/** kill -9 of a process of the stack, found by the record that its keeper wrote. */
import { isAlive } from '../../processes/process-identity.ts';
import { readRunRecords } from '../../processes/run-records.ts';

/** @param named says whether it is this one, by the record's name. @returns the pid. @throws when there is none, or more than one. */
export function killProcess(runFolder: string, what: string, named: (name: string) => boolean): number {
  const found = readRunRecords(runFolder).filter(({ record }) => named(record.name) && isAlive(record));
  const [only, other] = found;
  if (only === undefined || other !== undefined) throw new Error(`${found.length} processes were found as ${what}, not one`);
  process.kill(only.record.pid, 'SIGKILL');
  return only.record.pid;
}
