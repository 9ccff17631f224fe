/**
 * Ports that were drawn, machine-wide: one stays its drawer's while that process lives. A service that is killed and started again on its port
 * leaves it free for a while, in which somebody else who draws at random would now and then sit down on it.
 *
 *   TMP/lifeverse-ports/PORT    the drawer's pid and start time
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { identityOf, isAlive } from './process-identity.ts';

const BOOK = path.join(tmpdir(), 'lifeverse-ports');

/** Whether it is this process's from now on. Where the book cannot be written, everybody draws as if alone. */
export function reservePort(port: number): boolean {
  const own = identityOf(process.pid);
  if (own === undefined) return true;
  const page = path.join(BOOK, String(port));
  try {
    mkdirSync(BOOK, { recursive: true });
    if (isTaken(page)) return false;
    rmSync(page, { force: true });
    writeFileSync(page, `${own.pid} ${own.startTime}`, { flag: 'wx' });
    return true;
  } catch (cause) {
    // Another was faster with this page.
    return !(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST');
  }
}

function isTaken(page: string): boolean {
  const [pid = '', startTime = ''] = textOf(page).split(' ');
  return startTime !== '' && isAlive({ pid: Number(pid), startTime });
}

function textOf(page: string): string {
  try {
    return readFileSync(page, 'utf8');
  } catch {
    return '';
  }
}
