import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Probe } from './pod.ts';

export type Ask = (probe: Probe, port: number) => Promise<boolean>;

/**
 * Asks every `periodSeconds` and tells a verdict whenever `successThreshold` successes or `failureThreshold` failures came in a row.
 * Polls, because that is what a probe is. Ends with the signal.
 */
export async function runProbe(
  probe: Probe,
  port: number,
  tell: (healthy: boolean) => void,
  signal: AbortSignal,
  ask: Ask = askOnce,
): Promise<void> {
  let successes = 0;
  let failures = 0;
  try {
    await sleep(probe.initialDelaySeconds * 1_000, undefined, { signal });
    for (;;) {
      const healthy = await ask(probe, port);
      if (signal.aborted) return;
      successes = healthy ? successes + 1 : 0;
      failures = healthy ? 0 : failures + 1;
      if (successes >= probe.successThreshold) tell(true);
      if (failures >= probe.failureThreshold) tell(false);
      await sleep(probe.periodSeconds * 1_000, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** A status from 200 to 399 is health, as with a kubelet; a certificate is not checked. A probe that we cannot ask counts as healthy. */
export function askOnce(probe: Probe, port: number): Promise<boolean> {
  const timeout = Math.max(1, probe.timeoutSeconds) * 1_000;
  const { httpGet, tcpSocket } = probe;
  if (httpGet !== undefined) {
    return new Promise((resolve) => {
      const target = { host: '127.0.0.1', port, path: httpGet.path, agent: false, signal: AbortSignal.timeout(timeout) };
      const sent = httpGet.scheme === 'HTTPS' ? httpsRequest({ ...target, rejectUnauthorized: false }) : httpRequest({ ...target });
      sent.on('error', () => resolve(false));
      sent.on('response', (response) => {
        response.resume();
        const status = response.statusCode ?? 0;
        resolve(status >= 200 && status < 400);
      });
      sent.end();
    });
  }
  if (tcpSocket === undefined) return Promise.resolve(true);
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, signal: AbortSignal.timeout(timeout) });
    const settle = (healthy: boolean) => (): void => {
      socket.destroy();
      resolve(healthy);
    };
    socket.on('connect', settle(true));
    socket.on('error', settle(false));
  });
}
