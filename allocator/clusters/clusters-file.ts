/** The file that lists the clusters: read at the start, and again whenever it changes. */
import { readFileSync, watch, type FSWatcher } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../../runtime/config.ts';
import { pause } from '../../runtime/deadline.ts';
import type { Log } from '../../runtime/log.ts';
import { parseClusters, type ClusterConfig } from './cluster-config.ts';
import type { ClusterMetrics } from './cluster-metrics.ts';

export interface ClustersFileParts {
  readonly file: string;
  /** It is looked at this often too: no watch sees every change on every file system. Milliseconds. */
  readonly pollMs: number;
  /** Takes an edit up. @throws ConfigError with every fault, and then leaves all as it was. */
  readonly apply: (clusters: readonly ClusterConfig[]) => void;
  readonly metrics: ClusterMetrics;
  readonly log: Log;
}

/** A file that is being written is read half; what is there a moment later counts. Milliseconds. */
const SETTLE_MS = 100;

/** @throws ConfigError when it cannot be read or has faults. */
export function readClusters(file: string): ClusterConfig[] {
  return parseClusters(textOf(file), file);
}

/** For the lifecycle: until the signal. A faulty edit is refused as a whole and said once; what was good before goes on. */
export async function followClustersFile({ file, pollMs, apply, metrics, log }: ClustersFileParts, signal: AbortSignal): Promise<void> {
  const folder = watchFolder(path.dirname(file), log);
  let last: string | undefined;
  while (!signal.aborted) {
    const present = await settled(file, last, signal);
    if (present !== last && !signal.aborted) {
      last = present;
      const faults = faultsOf(() => apply(readClusters(file)));
      metrics.fileRead(faults.length === 0 ? 'applied' : 'refused');
      if (faults.length > 0) log.error('the clusters file has faults; the clusters stay as they were', { faults });
    }
    await folder.changed(pollMs, signal);
  }
  folder.close();
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError([`${file}: cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`]);
  }
}

/** The text once it stays the same; `last` at once where nothing has changed. What cannot be read is a text of its own. */
async function settled(file: string, last: string | undefined, signal: AbortSignal): Promise<string> {
  for (let before = last; ;) {
    const text = textOrFault(file);
    if (text === before || signal.aborted) return text;
    before = text;
    await pause(SETTLE_MS, signal);
  }
}

function faultsOf(work: () => void): readonly string[] {
  try {
    work();
    return [];
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.faults;
    throw cause;
  }
}

function textOrFault(file: string): string {
  try {
    return textOf(file);
  } catch (cause) {
    return String(cause);
  }
}

interface FolderWatch {
  /** Resolves at the next change, also one since the last call, or after so long, or with the signal. */
  changed(ms: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

/** The folder, not the file: Kubernetes swaps a link above a mounted ConfigMap, and editors replace files. */
function watchFolder(folder: string, log: Log): FolderWatch {
  let change = new AbortController();
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(folder, () => change.abort());
    watcher.on('error', (cause) => log.warn('the folder of the clusters file cannot be watched; it is polled', { cause }));
  } catch (cause) {
    log.warn('the folder of the clusters file cannot be watched; it is polled', { cause });
  }
  return {
    changed: async (ms, signal) => {
      await pause(ms, AbortSignal.any([signal, change.signal]));
      change = new AbortController();
    },
    close: () => watcher?.close(),
  };
}
