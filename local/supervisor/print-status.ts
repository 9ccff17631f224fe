import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Agent } from 'undici';
import { KubeClient } from '../agones/kube/kube-client.ts';
import { readKubeConnection } from '../agones/kube/kube-connection.ts';
import { isAlive } from '../processes/process-identity.ts';
import { readRunRecords } from '../processes/run-records.ts';
import { livingSupervisor } from './claim-supervision.ts';
import { countFleets } from './fleets-ready.ts';
import { readStackFile } from './stack-file.ts';
import type { StackFile } from './stack-file.ts';
import { readiness } from './start-services.ts';
import type { StateFolder } from './state-folder.ts';

type Say = (line: string) => void;

export function printStack(stack: StackFile, state: StateFolder, say: Say): void {
  say('');
  say(`up after ${stack.startSeconds} s; everything an outside tool needs is in ${state.stackFile}`);
  for (const [name, { url, opsUrl }] of Object.entries(stack.services)) say(`  ${name.padEnd(12)} ${url}   metrics ${opsUrl}/metrics`);
  for (const cluster of stack.clusters) {
    say(`  ${cluster.name.padEnd(12)} kubectl --kubeconfig ${cluster.kubeconfig} -n ${cluster.namespace} get fleets,gameservers`);
  }
  say(`  CA           ${stack.caFile}`);
  say(`  logs         ${stack.logs}`);
}

/** @returns the command's exit code: 0 when everything is as it should be, 1 when something is not, 3 when nothing is up. */
export async function printStatus(state: StateFolder, say: Say): Promise<number> {
  const living = readRunRecords(state.run).filter(({ record }) => isAlive(record));
  const stack = readStackFile(state.stackFile);
  if (stack === undefined || !isAlive(stack.supervisor)) {
    if (livingSupervisor(state) !== undefined) say('starting or stopping');
    else say(living.length === 0 ? 'down' : `no supervisor, but ${living.length} processes are left: make down ends them`);
    return 3;
  }
  printStack(stack, state, say);
  say('');
  const containers = living.filter(({ file }) => path.dirname(file) !== state.run);
  say(`  ${living.length - containers.length} processes, ${containers.length} containers`);
  const healthy = [await printServices(stack, say), ...(await Promise.all(stack.clusters.map((cluster) => printFleets(cluster, say))))];
  return healthy.every((each) => each) ? 0 : 1;
}

async function printServices(stack: StackFile, say: Say): Promise<boolean> {
  const dispatcher = new Agent({ connect: { ca: await readFile(stack.caFile, 'utf8') } });
  try {
    let healthy = true;
    for (const [name, { opsUrl }] of Object.entries(stack.services)) {
      const { ready, body } = await readiness(Number(new URL(opsUrl).port), dispatcher);
      say(`  ${name.padEnd(14)} ${ready ? 'ready' : `NOT READY ${body}`}`);
      healthy &&= ready;
    }
    return healthy;
  } finally {
    await dispatcher.close();
  }
}

async function printFleets(cluster: StackFile['clusters'][number], say: Say): Promise<boolean> {
  const client = new KubeClient(await readKubeConnection(cluster.kubeconfig));
  try {
    for (const fleet of await countFleets(client, cluster.namespace, AbortSignal.timeout(5_000))) {
      say(`  ${cluster.name}: ${fleet.name.padEnd(14)} ${fleet.ready} ready, ${fleet.allocated} allocated, ${fleet.wanted} wanted`);
    }
    return true;
  } catch {
    say(`  ${cluster.name}: DOES NOT ANSWER`);
    return false;
  } finally {
    client.close();
  }
}
