import { cpus, loadavg } from 'node:os';

/** What has to happen within a time may take as much longer as the machine has more to do than it has cores. */
export function onThisMachine(ms: number): number {
  return ms * Math.max(1, (loadavg()[0] ?? 0) / cpus().length);
}
