/** The log of the stand-in and of its sidecars: one JSON object a line, a constant message, data as fields. */

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** A log that hands finished lines to `write`; `bound` rides on every line. */
export function jsonLog(write: (line: string) => void, now: () => Date, bound: LogFields = {}): Log {
  const line =
    (level: string) =>
    (message: string, fields: LogFields = {}) => {
      write(`${JSON.stringify({ time: now().toISOString(), level, message, ...bound, ...printable(fields) })}\n`);
    };
  return { info: line('info'), warn: line('warn'), error: line('error') };
}

/** Errors have no enumerable fields: JSON would print `{}`. */
function printable(fields: LogFields): LogFields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? value.message : value]));
}
