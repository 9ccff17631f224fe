/** What a process opens, and how it ends: in reverse, once, and with no failure skipping the rest. */
import { within } from './deadline.ts';
import type { Log } from './log.ts';

export interface Lifecycle {
  /** Aborted when the end begins: every loop and wait listens to it. */
  readonly signal: AbortSignal;
  /** Registers what has to be closed; closed in reverse order of registration, also when registered during the end. `withinMs` where a close may take longer than usual. */
  onClose(name: string, close: () => Promise<void> | void, withinMs?: number): void;
  /** Starts a loop that runs until the signal; its failure ends the process. It is awaited at close. */
  run(name: string, loop: (signal: AbortSignal) => Promise<void>): void;
  /** Memoised: every call gives the same end. Rejects with what failed, after all was tried. */
  close(reason: string): Promise<void>;
  /** Resolves when the end is done; the value is the exit code. */
  readonly done: Promise<number>;
}

/** Longest that one part may usually take to close, in milliseconds; afterwards it is left behind and said so. */
const CLOSE_MS = 10_000;

export function createLifecycle(log: Log): Lifecycle {
  const controller = new AbortController();
  const closers: { name: string; close: () => Promise<void> | void; withinMs: number }[] = [];
  const { promise: done, resolve: finish } = Promise.withResolvers<number>();
  let ending: Promise<void> | undefined;
  let crashed = false;

  const end = async (reason: string) => {
    log.info('stopping', { reason });
    controller.abort(new Error(reason));
    const failures: unknown[] = [];
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) {
      const { name, close, withinMs } = closer;
      try {
        await within(withinMs, `closing ${name}`, Promise.resolve(close()));
      } catch (cause) {
        failures.push(cause);
        log.warn('could not close', { part: name, cause });
      }
    }
    log.info('stopped', { failures: failures.length });
    finish(crashed || failures.length > 0 ? 1 : 0);
    if (failures.length > 0) throw new AggregateError(failures, 'some parts did not close');
  };

  const lifecycle: Lifecycle = {
    signal: controller.signal,
    done,
    onClose: (name, close, withinMs = CLOSE_MS) => void closers.push({ name, close, withinMs }),
    run: (name, loop) => {
      const running = loop(controller.signal).catch((cause: unknown) => {
        if (controller.signal.aborted) return;
        crashed = true;
        log.error('a loop failed', { part: name, cause });
        lifecycle.close(`${name} failed`).catch(() => {});
      });
      lifecycle.onClose(name, () => running);
    },
    close: (reason) => (ending ??= end(reason)),
  };
  return lifecycle;
}

/** After the end, a part that was left behind may hold the process up for this long, in milliseconds. */
const LINGER_MS = 2_000;

/**
 * SIGTERM and SIGINT begin the end. A second SIGINT, from someone at a terminal who does not want to wait, ends at once; a second SIGTERM
 * does not: a kubelet sends one to a sidecar that its pod's end has already stopped, when the pod is then deleted. Returns the exit code.
 */
export async function untilSignal(lifecycle: Lifecycle, host: NodeJS.Process): Promise<number> {
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    host.on(name, () => {
      if (lifecycle.signal.aborted && name === 'SIGINT') host.exit(130);
      lifecycle.close(name).catch(() => {});
    });
  }
  const code = await lifecycle.done;
  setTimeout(() => host.exit(code), LINGER_MS).unref();
  return code;
}
