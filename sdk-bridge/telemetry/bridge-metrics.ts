/** Everything that is measured of one game server, read when it is asked for. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Acks } from '../../contracts/bridge-api/acks.ts';
import { SeatState } from '../../contracts/bridge-api/seat.ts';
import { SessionPhase, type Refusal } from '../../contracts/bridge.ts';
import type { SessionState } from '../session.ts';
import { counter, expose, gauge, type Family } from './exposition.ts';
import { readCgroup } from './cgroup-readings.ts';
import type { FrameBook } from './frame-book.ts';
import { readNetwork, readProcess } from './proc-readings.ts';

export interface MetricsParts {
  readonly gameServer: string;
  readonly current: () => SessionState;
  readonly frames: FrameBook;
  /** As it is judged for Agones. */
  readonly alive: () => boolean;
  /** Undefined while no world is played. */
  readonly acks: () => Promise<Acks | undefined>;
  /** How many places entries have left that saves never took. */
  readonly refusedEntries: () => number;
  /** Files below it wait for saves. */
  readonly spoolFolder: string;
  readonly cgroupRoot: string;
}

export interface BridgeMetrics {
  refused(refusal: Refusal): void;
  /** The text that Prometheus reads. */
  text(): Promise<string>;
}

export function createBridgeMetrics(parts: MetricsParts): BridgeMetrics {
  const refusals = new Map<Refusal, number>();
  return {
    refused: (refusal) => void refusals.set(refusal, (refusals.get(refusal) ?? 0) + 1),
    text: async () => {
      const process = parts.current().hello?.process;
      const [journal, game, network] = await Promise.all([
        journalFamilies(parts),
        process === undefined ? Promise.resolve([]) : processFamilies(parts.cgroupRoot, process.pid),
        networkFamilies(),
      ]);
      const families = [...sessionFamilies(parts, refusals), ...frameFamilies(parts), ...journal, ...game, ...network, ...ownFamilies()];
      return expose(families, { game_server: parts.gameServer });
    },
  };
}

function sessionFamilies({ current, alive }: MetricsParts, refusals: ReadonlyMap<Refusal, number>): Family[] {
  const { phase, seats, readOnly, crash } = current();
  const present = (role: 'player' | 'spectator') => seats.filter((seat) => seat.state === 'present' && seat.role === role).length;
  return [
    gauge('lifeverse_players', 'Players in the game', present('player')),
    gauge('lifeverse_spectators', 'Spectators in the game', present('spectator')),
    {
      name: 'lifeverse_seats',
      help: 'Seats of the session by their state',
      type: 'gauge',
      samples: SeatState.options.map((state) => ({ labels: { state }, value: seats.filter((seat) => seat.state === state).length })),
    },
    {
      name: 'lifeverse_session_phase',
      help: '1 for the phase in which the session is',
      type: 'gauge',
      samples: SessionPhase.options.map((name) => ({ labels: { phase: name }, value: name === phase ? 1 : 0 })),
    },
    {
      name: 'lifeverse_tickets_refused_total',
      help: 'Join tickets that opened no door, by the reason',
      type: 'counter',
      samples: [...refusals].map(([refusal, value]) => ({ labels: { refusal }, value })),
    },
    gauge('lifeverse_game_healthy', '1 while the game server is judged alive, and Agones hears a beat', alive() ? 1 : 0),
    gauge('lifeverse_game_died', '1 once the process of the game server died in its session', crash === null ? 0 : 1),
    gauge('lifeverse_world_read_only', '1 once the lease of the world is lost', readOnly ? 1 : 0),
  ];
}

function frameFamilies({ frames }: MetricsParts): Family[] {
  const { frames: count, hitches, mean, p99, longest, lastAge } = frames.figures();
  return [
    counter('lifeverse_game_frames_total', 'Frames that the game server reported', count),
    counter('lifeverse_game_hitches_total', 'Frames that took far longer than the tick, as the game server counts them', hitches),
    gauge('lifeverse_game_frame_mean_seconds', 'Mean time of a frame in the last minute', mean),
    gauge('lifeverse_game_frame_p99_seconds', 'The 99th percentile of frame times, of the worst report in the last minute', p99),
    gauge('lifeverse_game_frame_longest_seconds', 'The longest frame of the last minute', longest),
    gauge('lifeverse_game_frame_age_seconds', 'Since the last report', lastAge),
  ];
}

async function journalFamilies({ acks, refusedEntries, spoolFolder }: MetricsParts): Promise<Family[]> {
  const known = await acks();
  return [
    gauge('lifeverse_world_accepted_seq', "Newest entry of the world on this pod's disk", known?.accepted),
    gauge('lifeverse_world_durable_seq', 'Newest entry of the world that is stored in saves', known?.durable),
    gauge('lifeverse_spool_entries', 'Entries that wait for saves', known === undefined ? undefined : known.accepted - known.durable),
    counter(
      'lifeverse_entries_refused_total',
      'Places in journals that stay empty, since saves never took their entries',
      refusedEntries(),
    ),
    gauge('lifeverse_spool_bytes', 'Bytes of the files that hold them', await bytesBelow(spoolFolder)),
  ];
}

async function processFamilies(cgroupRoot: string, pid: number): Promise<Family[]> {
  const [own, group] = await Promise.all([readProcess(pid), readCgroup(cgroupRoot, pid)]);
  return [
    counter('lifeverse_game_cpu_seconds_total', 'Processor time of the game server', own.cpuSeconds),
    gauge('lifeverse_game_resident_bytes', 'Resident memory of the game server', own.residentBytes),
    gauge('lifeverse_game_threads', 'Threads of the game server', own.threads),
    counter('lifeverse_game_disk_read_bytes_total', 'Read from disk by the game server', own.diskReadBytes),
    counter('lifeverse_game_disk_written_bytes_total', 'Written to disk by the game server', own.diskWriteBytes),
    gauge('lifeverse_game_memory_bytes', 'Memory of its container, as its limit counts it', group.memoryBytes),
    gauge('lifeverse_game_memory_limit_bytes', 'Memory that its container may have', group.memoryLimitBytes),
    counter('lifeverse_game_cpu_throttled_seconds_total', 'Time for which its container was kept from running', group.throttledSeconds),
    counter('lifeverse_game_oom_kills_total', 'Processes of its container that were killed for want of memory', group.outOfMemoryKills),
  ];
}

async function networkFamilies(): Promise<Family[]> {
  const { receiveBytes, transmitBytes, udpReceiveErrors } = await readNetwork();
  return [
    counter('lifeverse_pod_network_receive_bytes_total', 'Received by the pod, without loopback', receiveBytes),
    counter('lifeverse_pod_network_transmit_bytes_total', 'Sent by the pod, without loopback', transmitBytes),
    counter('lifeverse_pod_udp_receive_errors_total', 'Datagrams that were dropped on arrival, as for want of buffers', udpReceiveErrors),
  ];
}

function ownFamilies(): Family[] {
  const { user, system } = process.cpuUsage();
  return [
    counter('process_cpu_seconds_total', 'Processor time of the bridge', (user + system) / 1e6),
    gauge('process_resident_memory_bytes', 'Resident memory of the bridge', process.memoryUsage.rss()),
    gauge('process_start_time_seconds', 'When the bridge was started, since the epoch', Math.round(Date.now() / 1_000 - process.uptime())),
  ];
}

/** Absent where the folder is not there. */
async function bytesBelow(folder: string): Promise<number | undefined> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const sizes = await Promise.all(files.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size));
    return sizes.reduce((sum, bytes) => sum + bytes, 0);
  } catch {
    return undefined;
  }
}
