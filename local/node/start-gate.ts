import { connect } from 'node:net';
import type { KeptProcess } from '../processes/process-keeper.ts';
import { waitUntil } from '../processes/wait-until.ts';

/** Lets a few containers start at a time. */
export interface StartGate {
  /** @param ports a program that has started listens on one of these; without any, its place is free again at once. */
  pass(start: () => Promise<KeptProcess>, ports: readonly number[]): Promise<KeptProcess>;
}

/** Whoever does not listen by then holds up nobody any longer. */
const LONGEST_START_MS = 10_000;

/**
 * A fleet's containers would all start at once here, and on a laptop's few cores all be so slow that their probes fail, they are killed, and
 * it begins anew. A kubelet starts few at a time as well: it pulls images one after the other.
 */
export function openStartGate(atOnce: number, signal: AbortSignal): StartGate {
  const waiting: (() => void)[] = [];
  let starting = 0;
  const enter = (): Promise<void> | undefined => {
    if (starting < atOnce) {
      starting += 1;
      return undefined;
    }
    // Whoever leaves hands over the place, so the count stays.
    return new Promise((resolve) => waiting.push(resolve));
  };
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) starting -= 1;
    else next();
  };

  return {
    async pass(start, ports) {
      await enter();
      try {
        const kept = await start();
        void untilListening(kept, ports, signal).finally(leave);
        return kept;
      } catch (error) {
        leave();
        throw error;
      }
    },
  };
}

async function untilListening(kept: KeptProcess, ports: readonly number[], signal: AbortSignal): Promise<void> {
  if (ports.length === 0) return;
  const wait = { what: `${kept.name} listens`, deadlineMs: LONGEST_START_MS, signal, everyMs: 100 };
  const started = async (): Promise<boolean> => kept.end !== undefined || (await Promise.all(ports.map(listens))).includes(true);
  await waitUntil(started, wait).catch(() => undefined);
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const settle = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', settle(true));
    socket.on('error', settle(false));
  });
}
