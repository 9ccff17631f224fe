/** Wakes those who wait for a ticket in this process; another process's changes they find by looking. */
export interface TicketNews {
  changed(ticketId: string): void;
  /** Resolves at the next change, after `ms`, or when the signal is aborted; never rejects. */
  next(ticketId: string, ms: number, signal: AbortSignal): Promise<void>;
}

export function createTicketNews(): TicketNews {
  const waiting = new Map<string, Set<() => void>>();
  return {
    changed: (ticketId) => {
      for (const wake of waiting.get(ticketId) ?? []) wake();
    },
    next: (ticketId, ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const own = waiting.get(ticketId) ?? new Set();
        waiting.set(ticketId, own);
        const wake = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', wake);
          own.delete(wake);
          if (own.size === 0 && waiting.get(ticketId) === own) waiting.delete(ticketId);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        signal.addEventListener('abort', wake, { once: true });
        own.add(wake);
      }),
  };
}
