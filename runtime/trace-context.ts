/** W3C trace context (https://www.w3.org/TR/trace-context/): one trace id from the first request to the last log line. Pure. */

export interface TraceContext {
  /** 32 hexadecimal digits, shared by everything that follows from one request. */
  readonly traceId: string;
  /** What we send on: the same trace, this process's own span. */
  readonly traceparent: string;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** @param newHex gives that many random bytes as hexadecimal digits. A header that is absent or malformed begins a trace of its own. */
export function continueTrace(header: string | undefined, newHex: (bytes: number) => string): TraceContext {
  const [, version, given, parent, flags, more] = TRACEPARENT.exec(header?.trim() ?? '') ?? [];
  const isKnown =
    version !== undefined &&
    version !== 'ff' &&
    (version !== '00' || more === undefined) &&
    !/^0+$/.test(given ?? '') &&
    !/^0+$/.test(parent ?? '');
  const traceId = isKnown && given !== undefined ? given : newHex(16);
  return { traceId, traceparent: `00-${traceId}-${newHex(8)}-${isKnown ? flags : '01'}` };
}

/** The trace id of a context that is kept as text; `undefined` when it is none. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return TRACEPARENT.exec(traceparent ?? '')?.[2];
}
