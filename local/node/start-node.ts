/**
 * Stands for the kubelets of a cluster's nodes and for its scheduler: registers the nodes, binds pods to them, and runs the bound pods'
 * containers as processes of this machine.
 *
 * A life that follows another one ends the processes of that one first, and reports the pods that lost them as Failed, as a kubelet does
 * after its machine was started anew (their containers, never restarted, are gone).
 */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { KubeClient } from '../agones/kube/kube-client.ts';
import { readKubeConnection } from '../agones/kube/kube-connection.ts';
import { WatchCache } from '../agones/kube/watch-cache.ts';
import type { Log } from '../agones/log.ts';
import { freePort } from '../processes/free-port.ts';
import { openProcessKeeper } from '../processes/process-keeper.ts';
import { sweepLeftovers } from '../processes/run-records.ts';
import { bindPods } from './bind-pods.ts';
import { clusterReads } from './cluster-reads.ts';
import type { ImageTable } from './images.ts';
import { isFinished, PODS } from './pod.ts';
import type { Pod } from './pod.ts';
import { podWrites } from './pod-writes.ts';
import { registerNodes } from './register-nodes.ts';
import { runPod } from './run-pod.ts';
import { openStartGate } from './start-gate.ts';
import type { RunningPod } from './run-pod.ts';

export interface NodeOptions {
  readonly kubeconfig: string;
  readonly nodes: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly maxPodsPerNode: number;
  /** Folders of the pods; emptied at the start. */
  readonly folder: string;
  readonly logs: string;
  readonly run: string;
  /** See `openStartGate`. */
  readonly startsAtOnce: number;
  readonly images: ImageTable;
  readonly baseEnv: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly now: () => Date;
}

export interface RunningNode {
  /** Ends every container; the pods stay as they are in the API. */
  stop(): Promise<void>;
}

const ADDRESS = '127.0.0.1';
const LEFTOVER_GRACE_MS = 500;
/** A machine that is switched off waits for nobody for long. */
const STOP_GRACE_SECONDS = 3;

export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { log } = options;
  const swept = await sweepLeftovers(options.run, LEFTOVER_GRACE_MS);
  if (swept.length > 0) log.warn('containers of a former life were ended', { containers: swept.length });
  await rm(options.folder, { recursive: true, force: true });
  await mkdir(options.folder, { recursive: true });

  const stopping = new AbortController();
  const client = new KubeClient(await readKubeConnection(options.kubeconfig));
  const nodes = await registerNodes(client, { ...options, address: ADDRESS }, stopping.signal);
  const pods = new WatchCache<Pod>(client, PODS, log);
  const running = new Map<string, RunningPod>();
  const writes = podWrites(client);
  const keeper = openProcessKeeper({ logs: options.logs, run: options.run });
  const shared = {
    images: options.images,
    keeper,
    cluster: clusterReads(client),
    kubeconfig: options.kubeconfig,
    startGate: openStartGate(options.startsAtOnce, stopping.signal),
    baseEnv: options.baseEnv,
    now: options.now,
  };
  let first = true;

  const take = (pod: Pod): void => {
    const { uid } = pod.metadata;
    const { nodeName } = pod.spec;
    if (nodeName === undefined || !options.nodes.includes(nodeName) || stopping.signal.aborted) return;
    const mine = running.get(uid);
    if (mine !== undefined) {
      if (pod.metadata.deletionTimestamp !== undefined) mine.delete(pod.metadata.deletionGracePeriodSeconds ?? 0);
      else mine.update(pod);
      return;
    }
    if (pod.metadata.deletionTimestamp !== undefined) settle(() => writes.remove(pod));
    else if (isFinished(pod)) return;
    else if (first && pod.status.phase !== 'Pending') settle(() => writes.reportLost(pod, options.now()));
    else start(pod, nodeName);
  };

  const start = (pod: Pod, nodeName: string): void => {
    const { uid } = pod.metadata;
    const life = runPod(pod, {
      ...shared,
      place: { nodeName, podIp: ADDRESS },
      folder: path.join(options.folder, uid),
      freePort,
      // A machine that is switched off reports nothing.
      writeStatus: (status) => (stopping.signal.aborted ? Promise.resolve() : writes.status(pod, status)),
      remove: () => (stopping.signal.aborted ? Promise.resolve() : writes.remove(pod)),
      log,
    });
    running.set(uid, life);
    void life.gone.then(() => running.delete(uid));
  };

  const settle = (work: () => Promise<void>): void => {
    work().catch((error: unknown) => log.warn('a pod of a former life could not be settled', { error }));
  };

  const binder = bindPods({ client, pods, nodes, signal: stopping.signal, log });
  pods.onChange((before, after) => {
    if (after !== undefined) take(after);
    // Deleted with force, or replaced under the same name between two looks.
    if (before !== undefined && before.metadata.uid !== after?.metadata.uid) running.get(before.metadata.uid)?.kill();
    binder.look();
  });
  await pods.start(stopping.signal);
  first = false;
  log.info('node is up', { nodes: options.nodes, pods: running.size });

  return {
    async stop() {
      stopping.abort();
      const lives = [...running.values()];
      for (const life of lives) life.delete(STOP_GRACE_SECONDS);
      await Promise.all(lives.map((life) => life.gone));
      client.close();
    },
  };
}
