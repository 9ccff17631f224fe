/** JSON log lines on stdout. Messages are constant strings, data is fields; secrets never get out. */
import winston from 'winston';

export type LogFields = Readonly<Record<string, unknown>>;

/** What a room needs of the log. `error` means that someone must act. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log whose lines all carry these fields. */
  with(fields: LogFields): Log;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Field names that never show their value, in any case, anywhere in the data. */
const SECRET_NAME = /^(authorization|cookie|password|secret|token|ticket|.*(password|secret|token|ticket|key)s?)$/i;
/** A JWT, or a bearer header, inside a text. */
const SECRET_TEXT = /(eyJ[\w-]{8,}\.[\w-]+\.[\w-]*|Bearer\s+\S+|(?<=:\/\/[^\s/:@]*:)[^\s/@]+(?=@))/gi;
const PUBLIC_NAMES = new Set(['requestkey', 'idempotencykey']);
const MAX_DEPTH = 6;
const MAX_TEXT = 4_000;

export function createLog(service: string, level: LogLevel): Log {
  const logger = winston.createLogger({
    level,
    format: winston.format.combine(winston.format.timestamp(), winston.format.json()),
    transports: [new winston.transports.Console({ stderrLevels: [] })],
  });
  return wrap(logger, { service });
}

/** A log that says nothing, for pure tests of parts that ask for one. */
export const SILENT_LOG: Log = { debug() {}, info() {}, warn() {}, error() {}, with: () => SILENT_LOG };

function wrap(logger: winston.Logger, base: LogFields): Log {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (logger.isLevelEnabled(level)) logger.log(level, message, redact({ ...base, ...fields }));
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => wrap(logger, { ...base, ...fields }),
  };
}

/** The same data without secrets, errors spelled out, texts and depth bounded. */
export function redact(value: LogFields): Record<string, unknown> {
  return redactObject(value, 0);
}

function redactObject(value: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      SECRET_NAME.test(name) && !PUBLIC_NAMES.has(name.toLowerCase()) ? '[redacted]' : redactValue(inner, depth + 1),
    ]),
  );
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return value.replaceAll(SECRET_TEXT, '[redacted]').slice(0, MAX_TEXT);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value.toISOString();
  if (depth > MAX_DEPTH) return '[deep]';
  if (value instanceof Error) return redactError(value, depth);
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => redactValue(item, depth + 1));
  return redactObject(value, depth);
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause, ...rest } = error as Error & Record<string, unknown>;
  return {
    name,
    message: redactValue(message, depth),
    stack: redactValue(stack, depth),
    ...(cause === undefined ? {} : { cause: redactValue(cause, depth + 1) }),
    ...redactObject({ code: rest['code'], kind: rest['kind'], ...rest }, depth),
  };
}
