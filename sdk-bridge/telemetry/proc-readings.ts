/** What Linux' proc(5) says of a process, and of the network that it shares with the bridge. What is not there is absent. */
import { textOfFile } from '../store/text-of-file.ts';

export interface ProcessReading {
  readonly cpuSeconds: number | undefined;
  readonly residentBytes: number | undefined;
  readonly threads: number | undefined;
  readonly diskReadBytes: number | undefined;
  readonly diskWriteBytes: number | undefined;
}

export interface NetworkReading {
  readonly receiveBytes: number | undefined;
  readonly transmitBytes: number | undefined;
  readonly udpReceiveErrors: number | undefined;
}

/** USER_HZ is 100 on every architecture that Linux games run on. */
const TICKS_PER_SECOND = 100;

/** Disk figures need to be of the same user: proc(5), ptrace access mode. */
export async function readProcess(pid: number): Promise<ProcessReading> {
  const [stat, status, io] = await Promise.all([
    textOfFile(`/proc/${pid}/stat`),
    textOfFile(`/proc/${pid}/status`),
    textOfFile(`/proc/${pid}/io`),
  ]);
  return processReadingOf(stat, status, io);
}

/** Of this network namespace: all containers of a pod share it. */
export async function readNetwork(): Promise<NetworkReading> {
  const [dev, snmp] = await Promise.all([textOfFile('/proc/self/net/dev'), textOfFile('/proc/self/net/snmp')]);
  return networkReadingOf(dev, snmp);
}

/** Pure. */
export function processReadingOf(stat: string | undefined, status: string | undefined, io: string | undefined): ProcessReading {
  // The second field is a name in brackets, which may hold anything; utime and stime are fields 14 and 15.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields === undefined ? undefined : Number(fields[11]) + Number(fields[12]);
  const kib = numberAfter(status, /^VmRSS:\s+(\d+) kB$/m);
  return {
    cpuSeconds: ticks === undefined || Number.isNaN(ticks) ? undefined : ticks / TICKS_PER_SECOND,
    residentBytes: kib === undefined ? undefined : kib * 1_024,
    threads: numberAfter(status, /^Threads:\s+(\d+)$/m),
    diskReadBytes: numberAfter(io, /^read_bytes: (\d+)$/m),
    diskWriteBytes: numberAfter(io, /^write_bytes: (\d+)$/m),
  };
}

/** Pure. Loopback, over which the game server speaks with the bridge, does not count. */
export function networkReadingOf(dev: string | undefined, snmp: string | undefined): NetworkReading {
  const devices = (dev ?? '')
    .split('\n')
    .map((line) => /^\s*([^:\s]+):\s*(.*)$/.exec(line))
    .flatMap((match) => (match === null || match[1] === 'lo' ? [] : [(match[2] ?? '').split(/\s+/).map(Number)]));
  const sum = (column: number) => (dev === undefined ? undefined : devices.reduce((total, values) => total + (values[column] ?? 0), 0));
  const [names = [], values = []] = (snmp ?? '').split('\n').flatMap((line) => (line.startsWith('Udp: ') ? [line.split(' ')] : []));
  const errors = values[names.indexOf('InErrors')];
  return { receiveBytes: sum(0), transmitBytes: sum(8), udpReceiveErrors: errors === undefined ? undefined : Number(errors) };
}

function numberAfter(source: string | undefined, pattern: RegExp): number | undefined {
  const found = source === undefined ? undefined : pattern.exec(source)?.[1];
  return found === undefined ? undefined : Number(found);
}
