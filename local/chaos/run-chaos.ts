/** Two thousand allocations on a running stack while its processes are killed at random; watched from the API servers, and judged. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { AllocationDocument, isFinal } from '../../allocator/allocation.ts';
import { documentsOf } from '../../runtime/documents/collection.ts';
import { connectMongo } from '../../runtime/documents/mongo.ts';
import { pause } from '../../runtime/deadline.ts';
import { createHttpSend } from '../../runtime/http-send.ts';
import type { Log } from '../agones/log.ts';
import { KubeClient } from '../agones/kube/kube-client.ts';
import { readKubeConnection } from '../agones/kube/kube-connection.ts';
import { RELEASE_MS } from '../checking/game-server-history.ts';
import { startRecorder } from '../checking/recorder.ts';
import type { StackFile } from '../supervisor/stack-file.ts';
import type { StateFolder } from '../supervisor/state-folder.ts';
import { CHAOS_FLEET, makeChaosFleet } from './chaos-fleet.ts';
import { claimServers } from './claim-servers.ts';
import { FollowedStates } from './follow-states.ts';
import { killAtRandom, type Killed } from './kill-at-random.ts';
import { openPodTokens } from './pod-tokens.ts';
import { newProgress, requestAllocations, type Demand } from './request-allocations.ts';
import { verdictOf, type Verdict } from './verdict.ts';

export interface ChaosParts {
  readonly stack: StackFile;
  readonly state: StateFolder;
  readonly demand: Demand;
  readonly killForMs: number;
  readonly log: Log;
  readonly say: (line: string) => void;
  readonly now: () => number;
  /** A number from 0 to 1, anew each time. */
  readonly luck: () => number;
  readonly signal: AbortSignal;
}

/** Servers without pods, per cluster. */
const REPLICAS = 150;
const SAY_EVERY_MS = 5_000;
/** After the demand: whoever is not settled by then is lost. */
const SETTLED_MS = 900_000;

export async function runChaos(parts: ChaosParts): Promise<Verdict> {
  const { stack, state, demand, killForMs, log, say, now, luck } = parts;
  const over = new AbortController();
  const signal = AbortSignal.any([parts.signal, over.signal]);
  const http = createHttpSend(stack.caFile);
  // Bridges have connections of their own: those who ask must not stand in their way.
  const bridges = createHttpSend(stack.caFile);
  const mongo = await connectMongo(stack.mongo.url, 'allocator', { caFile: stack.caFile });
  const troubles: string[] = [];
  const onTrouble = (text: string) => {
    troubles.push(text);
    say(`TROUBLE: ${text}`);
  };
  const urls = Object.entries(stack.services).flatMap(([name, { url }]) => (name.startsWith('allocator') ? [url] : []));
  const progress = newProgress();
  const killed: Killed = {};
  try {
    const recorder = await startRecorder(stack, log, now, signal);
    for (const { name, namespace, kubeconfig, issuer, url } of stack.clusters) {
      const client = new KubeClient(await readKubeConnection(kubeconfig));
      signal.addEventListener('abort', () => client.close(), { once: true });
      await makeChaosFleet(client, namespace, REPLICAS, signal);
      const tokens = await openPodTokens({ issuer, url, folder: path.join(state.data, name) }, http.send);
      await claimServers({ client, tokens, urls, send: bridges.send, log, luck, signal, onTrouble });
    }
    say(`${REPLICAS} servers without pods in each of ${stack.clusters.length} clusters; ${urls.length} allocator processes`);
    const telling = tell(progress, recorder.history.lasting.bind(recorder.history), say, signal);
    const regions = stack.clusters.map(({ region }) => region);
    const run = `chaos-${randomBytes(4).toString('hex')}`;
    const token = stack.tokens['matchmaker'] ?? '';
    const states = new FollowedStates();
    const following = states.follow({ urls, token, send: http.send, luck, onTrouble }, signal).catch((cause: unknown) => {
      if (!signal.aborted) onTrouble(`the event log: ${cause instanceof Error ? cause.message : String(cause)}`);
    });
    const requests = { urls, token, send: http.send, states, regions, run, now, luck, signal, onTrouble };
    const requesting = requestAllocations(demand, progress, requests);
    const killing = killAtRandom(killed, { runFolder: state.run, forMs: killForMs, luck, signal, say });
    await killing;
    say('no more killing');
    await Promise.race([requesting, pause(demand.overMs + SETTLED_MS, signal)]);
    await quiet(() => recorder.history.lasting().length, signal);
    const documents = await documentsOf<AllocationDocument>(mongo.db, 'allocations', AllocationDocument).list({}, { limit: 100_000 });
    const verdict = verdictOf({ progress, killed, documents, stays: recorder.history.stays, troubles, now: now() });
    const open = documents.filter((document) => !isFinal(document.state));
    for (const { id, state: left } of open.slice(0, 20)) say(`${id} is still ${left}`);
    over.abort();
    await Promise.all([telling, following]);
    return verdict;
  } finally {
    over.abort();
    await mongo.close();
    await Promise.all([http.close(), bridges.close()]);
  }
}

/** A session's server may stay for as long as it takes to flush and be noticed; whoever stays longer is an orphan. */
async function quiet(carrying: () => number, signal: AbortSignal): Promise<void> {
  const end = performance.now() + RELEASE_MS + 10_000;
  while (carrying() > 0 && performance.now() < end && !signal.aborted) await pause(250, signal);
}

/** A line now and then, so that whoever looks sees it go on. */
async function tell(
  progress: ReturnType<typeof newProgress>,
  lasting: () => readonly unknown[],
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((total, count) => total + count, 0);
  const began = performance.now();
  while (!signal.aborted) {
    await pause(SAY_EVERY_MS, signal);
    const pods = Object.entries(progress.wasReady).reduce((total, [fleet, count]) => total + (fleet === CHAOS_FLEET ? 0 : count), 0);
    say(
      `${Math.round((performance.now() - began) / 1_000)} s: asked ${sum(progress.asked)}, ready ${sum(progress.wasReady)} ` +
        `(${pods} on pods), over ${sum(progress.ended)}; ${lasting().length} servers carry a session`,
    );
  }
}
